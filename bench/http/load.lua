-- What wrk sends: load.lua REQUESTS_PER_WRITE METHOD BODY [NAME VALUE]...
-- Made once; several requests in one string go out in one write.

function init(args)
  wrk.method = args[2]
  if args[3] ~= "" then wrk.body = args[3] end
  for i = 4, #args, 2 do wrk.headers[args[i]] = args[i + 1] end

  local count = tonumber(args[1])
  if count > 1 then
    local batch = string.rep(wrk.format(), count)
    function request() return batch end
  end
end
