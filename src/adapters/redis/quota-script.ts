/**
 * The exchange of a quota's report for a grant, in Lua 5.1 for Redis: what `LeaseBook` of `flotilla/guard` does, which says
 * why; both run the same contract suite. Here it must also be cheap, since Redis does nothing else meanwhile:
 *
 * - Whoever asks gets the lesser of what it wants and a level, and at least another level that is lent. So what is fair is
 *   two numbers a leaf, which hold for all instances. They are kept, with what is on lease of each node, and made anew from
 *   all reports only now and then: at once in a small tree, and so that it takes some 5 % of the time in a large one.
 * - What is on lease is always exact, so the levels may be old but a limit is kept.
 *
 * KEYS[1] is a hash: `born`, when the first lease was given; `fair`, the above; `i:<instance>`, each lease; and
 * `r:<instance>`, what was reported for it. ARGV[1] is the report as JSON: { instance, leaseMs, received, instances, paths,
 * parents (from 1; 0: none), guarantees, limits, weights, wants (-1: not a leaf) }, the latter all lists by node. Answers a
 * JSON list: the number of instances, the sequence, and the shares.
 */
export const exchangeScript = `
local RESERVE = 0.1
local UNLIMITED = 1e12
-- An instance's wants of one leaf are an entry. With more than this many the levels are kept for so long per entry.
local FEW_ENTRIES, MS_PER_ENTRY, MAX_AGE_MS = 256, 0.05, 500

local key = KEYS[1]
local report = cjson.decode(ARGV[1])
local field = 'i:' .. report.instance
local paths, parents, limits, wants = report.paths, report.parents, report.limits, report.wants
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

-- A part is { wants, floor, limit, weight }.
local function maxMinShares(capacity, parts)
  local floors, ceilings, floorSum, ceilingSum = {}, {}, 0, 0
  for i, part in ipairs(parts) do
    ceilings[i] = math.min(part[1], part[3])
    floors[i] = math.min(part[2], ceilings[i])
    ceilingSum = ceilingSum + ceilings[i]
    floorSum = floorSum + floors[i]
  end
  if ceilingSum <= capacity then return ceilings end
  local shares = {}
  if floorSum >= capacity then
    for i, floor in ipairs(floors) do
      shares[i] = floorSum > 0 and floor / floorSum * math.max(0, capacity) or 0
    end
    return shares
  end
  local turns = {}
  for i, part in ipairs(parts) do
    if ceilings[i] > floors[i] then
      turns[#turns + 1] = { floors[i] / part[4], part[4] }
      turns[#turns + 1] = { ceilings[i] / part[4], -part[4] }
    end
  end
  table.sort(turns, function(a, b) return a[1] < b[1] end)
  local level, slope, left = 0, 0, capacity - floorSum
  for _, turn in ipairs(turns) do
    local gain = (turn[1] - level) * slope
    if gain >= left then break end
    left = left - gain
    level = turn[1]
    slope = slope + turn[2]
  end
  if slope > 0 then level = level + left / slope end
  for i, part in ipairs(parts) do
    shares[i] = math.max(floors[i], math.min(ceilings[i], part[4] * level))
  end
  return shares
end

local function divide(capacity, parts)
  local needed = maxMinShares(capacity, parts)
  local used = 0
  for _, share in ipairs(needed) do used = used + share end
  local left = capacity - used
  if not (left > 0) then return needed end
  local lent = {}
  for i, part in ipairs(parts) do lent[i] = { part[3], needed[i], part[3], part[4] } end
  return maxMinShares(used + left * (1 - RESERVE), lent)
end

-- The level up to which claims are met, and the one up to which more is lent.
local function levelsOf(capacity, claims)
  table.sort(claims)
  local count, sum = #claims, 0
  for _, claim in ipairs(claims) do sum = sum + claim end
  if sum > capacity then
    local left = capacity
    for i, claim in ipairs(claims) do
      local level = left / (count - i + 1)
      if claim >= level then return level, 0 end
      left = left - claim
    end
  end
  local left = capacity - sum
  if left > 0 then
    local rest = sum
    for i, claim in ipairs(claims) do
      rest = rest - claim
      local level = (sum + left * (1 - RESERVE) - rest) / i
      if i == count or level <= claims[i + 1] then return UNLIMITED, level end
    end
  end
  return UNLIMITED, 0
end

-- For each node what may be in use by these two answers: the larger.
local function usedOf(shares, previous)
  local used, before = {}, {}
  for i = 1, #paths do
    used[i] = shares[i]
    before[i] = previous[i]
  end
  for i = #paths, 2, -1 do
    local parent = parents[i]
    used[parent] = used[parent] + used[i]
    before[parent] = before[parent] + before[i]
  end
  for i = 1, #paths do
    if before[i] > used[i] then used[i] = before[i] end
  end
  return used
end

local function load(packed)
  local lease = packed and cmsgpack.unpack(packed)
  if lease and lease.expiresAt > now then return lease end
  return nil
end

-- What is fair, from all reports. What is on lease is without what the reporter holds.
local function makeFair()
  local fair = { at = now, instances = 1, entries = 0, endsAt = now + report.leaseMs, index = {} }
  local index = fair.index
  local size = 0
  local leased, children, claims = {}, {}, {}
  local guarantee, limit, weight = {}, {}, {}
  local function add(itsPaths, source, used)
    for i = 1, #itsPaths do
      local path = itsPaths[i]
      local node = index[path]
      if not node then
        size = size + 1
        node = size
        index[path] = node
        leased[node], children[node], claims[node] = 0, {}, {}
        if source.parents[i] > 0 then
          local siblings = children[index[itsPaths[source.parents[i]]]]
          siblings[#siblings + 1] = node
        end
      end
      guarantee[node], limit[node], weight[node] = source.guarantees[i], source.limits[i], source.weights[i]
      if used then leased[node] = leased[node] + used[i] end
      if source.wants[i] >= 0 then
        local list = claims[node]
        list[#list + 1] = source.wants[i]
        fair.entries = fair.entries + 1
      end
    end
  end
  local fields = redis.call('HGETALL', key)
  local reported = {}
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'r:' then reported[string.sub(fields[i], 3)] = fields[i + 1] end
  end
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'i:' and fields[i] ~= field then
      local lease = load(fields[i + 1])
      local instance = string.sub(fields[i], 3)
      if lease and reported[instance] then
        add(lease.paths, cmsgpack.unpack(reported[instance]), lease.used)
        fair.instances = fair.instances + 1
        fair.endsAt = math.min(fair.endsAt, lease.expiresAt)
      else
        redis.call('HDEL', key, fields[i], 'r:' .. instance)
      end
    end
  end
  add(paths, report, nil)

  local wanted, floor, share = {}, {}, {}
  for node = size, 1, -1 do
    local sum, floors = 0, 0
    for _, claim in ipairs(claims[node]) do sum = sum + claim end
    for _, child in ipairs(children[node]) do
      sum = sum + wanted[child]
      floors = floors + floor[child]
    end
    wanted[node] = math.min(limit[node], sum)
    floor[node] = math.min(limit[node], math.max(floors, math.min(guarantee[node], sum)))
  end
  local met, lent = {}, {}
  share[1] = limit[1]
  for node = 1, size do
    local capacity = share[node]
    if #children[node] > 0 then
      local parts = {}
      for i, child in ipairs(children[node]) do parts[i] = { wanted[child], floor[child], limit[child], weight[child] } end
      if #claims[node] > 0 then
        local sum = 0
        for _, claim in ipairs(claims[node]) do sum = sum + claim end
        parts[#parts + 1] = { sum, 0, UNLIMITED, #claims[node] }
      end
      local shares = divide(capacity, parts)
      for i, child in ipairs(children[node]) do share[child] = shares[i] end
      capacity = shares[#children[node] + 1]
    end
    met[node], lent[node] = UNLIMITED, 0
    if #claims[node] > 0 then met[node], lent[node] = levelsOf(capacity, claims[node]) end
  end
  fair.leased, fair.met, fair.lent = leased, met, lent
  return fair
end

local function isGood(fair)
  if fair.entries <= FEW_ENTRIES or now >= fair.endsAt then return false end
  if now >= fair.at + math.min(MAX_AGE_MS, fair.entries * MS_PER_ENTRY) then return false end
  for i = 1, #paths do
    if not fair.index[paths[i]] then return false end
  end
  return true
end

local stored = redis.call('HMGET', key, field, 'fair', 'born')
local old = load(stored[1])
local fair = old and stored[2] and cmsgpack.unpack(stored[2])
local isNew = not fair or not isGood(fair)
if isNew then fair = makeFair() end
local born = tonumber(stored[3] or '')
if not born or (not old and fair.instances == 1) then
  born = now
  redis.call('HSET', key, 'born', string.format('%.3f', now))
end

-- Its own part of what is on lease goes, and comes back as it will be.
local leased, index = fair.leased, fair.index
local before = {}
if old then
  local isReceived = report.received == old.sequence
  for i = 1, #old.paths do
    local path = old.paths[i]
    local node = index[path]
    if node and not isNew then leased[node] = math.max(0, leased[node] - old.used[i]) end
    before[path] = isReceived and old.shares[i] or math.max(old.shares[i], old.previous[i])
  end
end

local knew = old and old.knew or report.instances
local parts = 1
if now < born + report.leaseMs then parts = math.max(1, knew) end
local granted, below, nodeOf, previous = {}, {}, {}, {}
for i = 1, #paths do
  local node = index[paths[i]]
  nodeOf[i] = node
  granted[i], previous[i] = 0, 0
  if wants[i] >= 0 then
    previous[i] = before[paths[i]] or 0
    local free = math.max(0, math.min(limits[i] / parts, limits[i] - leased[node]))
    granted[i] = math.min(free, math.max(math.min(wants[i], fair.met[node]), fair.lent[node]))
    local above = parents[i]
    while above > 0 do
      local leaves = below[above]
      if not leaves then
        leaves = {}
        below[above] = leaves
      end
      leaves[#leaves + 1] = i
      above = parents[above]
    end
  end
end
for i = #paths, 1, -1 do
  local leaves = below[i]
  if leaves then
    local free = math.max(0, math.min(limits[i] / parts, limits[i] - leased[nodeOf[i]]))
    local sum = 0
    for k = 1, #leaves do sum = sum + granted[leaves[k]] end
    if sum > free then
      local scale = free / sum
      for k = 1, #leaves do granted[leaves[k]] = granted[leaves[k]] * scale end
    end
  end
end

local used = usedOf(granted, previous)
local sequence = old and old.sequence + 1 or 1
local answer = { fair.instances, sequence }
for i = 1, #paths do
  leased[nodeOf[i]] = leased[nodeOf[i]] + used[i]
  if wants[i] >= 0 then answer[#answer + 1] = granted[i] end
end
redis.call('HSET', key, field, cmsgpack.pack({
  expiresAt = now + report.leaseMs,
  sequence = sequence,
  knew = knew,
  paths = paths,
  shares = granted,
  previous = previous,
  used = used,
}), 'r:' .. report.instance, cmsgpack.pack({
  parents = parents,
  guarantees = report.guarantees,
  limits = limits,
  weights = report.weights,
  wants = wants,
}))
if fair.entries > FEW_ENTRIES then
  redis.call('HSET', key, 'fair', cmsgpack.pack(fair))
elseif stored[2] then
  redis.call('HDEL', key, 'fair')
end
redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), math.ceil(report.leaseMs)))
return cjson.encode(answer)
`;

/** KEYS[1] as above; ARGV[1] is the instance. What it held is free with the next levels, which are made at once. */
export const releaseScript = `
return redis.call('HDEL', KEYS[1], 'i:' .. ARGV[1], 'r:' .. ARGV[1], 'fair')
`;
