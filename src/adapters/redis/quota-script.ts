/**
 * The exchange of a quota's report for a grant, in Lua 5.1 for Redis: `LeaseBook` of `flotilla/guard` line by line, which
 * says what is done and why. Both run the same contract suite.
 *
 * KEYS[1] is a hash: `born`, when the first lease was given, and a field `i:<instance>` for each lease. ARGV[1] is the
 * report as JSON, with a node as [path, parent from 1 (0: none), guarantee, limit, weight, wants (-1: not a leaf)]. Answers
 * the number of instances, the sequence and the shares as texts, since Redis cuts numbers of Lua to whole ones.
 */
export const exchangeScript = `
local RESERVE = 0.1
local PATH, PARENT, GUARANTEE, LIMIT, WEIGHT, WANTS = 1, 2, 3, 4, 5, 6
local UNLIMITED = 1e12

-- Parts and shares are lists; a part is { wants, floor, limit, weight }.
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

-- What each node has of these shares by leaf.
local function sumsOf(nodes, shares)
  local sums = {}
  for i, node in ipairs(nodes) do sums[i] = node[WANTS] >= 0 and shares[node[PATH]] or 0 end
  for i = #nodes, 2, -1 do
    local parent = nodes[i][PARENT]
    sums[parent] = sums[parent] + sums[i]
  end
  return sums
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local report = cjson.decode(ARGV[1])
local nodes = report.nodes

-- The leases that hold, without the reporter's own.
local old
local leases = {}
local instances = 1
local fields = redis.call('HGETALL', KEYS[1])
local born
for i = 1, #fields, 2 do
  if fields[i] == 'born' then
    born = tonumber(fields[i + 1])
  else
    local lease = cmsgpack.unpack(fields[i + 1])
    local instance = string.sub(fields[i], 3)
    if lease.expiresAt <= now then
      redis.call('HDEL', KEYS[1], fields[i])
    elseif instance == report.instance then
      old = lease
    else
      leases[#leases + 1] = { instance = instance, lease = lease }
      instances = instances + 1
    end
  end
end
if not born or (not old and #leases == 0) then
  born = now
  redis.call('HSET', KEYS[1], 'born', string.format('%.3f', now))
end

-- All reports in one tree, parents first.
local joints, byPath = {}, {}
local function add(instance, reported, used)
  for i, node in ipairs(reported) do
    local joint = byPath[node[PATH]]
    if not joint then
      joint = { children = {}, claimants = {}, claims = {}, leased = 0 }
      byPath[node[PATH]] = joint
      joints[#joints + 1] = joint
      if node[PARENT] > 0 then
        local children = byPath[reported[node[PARENT]][PATH]].children
        children[#children + 1] = joint
      end
    end
    joint.node = node
    if node[WANTS] >= 0 then
      joint.claimants[#joint.claimants + 1] = instance
      joint.claims[instance] = node[WANTS]
    end
    if used then joint.leased = joint.leased + used[i] end
  end
end
for _, other in ipairs(leases) do
  local lease = other.lease
  local used = sumsOf(lease.nodes, lease.shares)
  local before = sumsOf(lease.nodes, lease.previous)
  for i = 1, #used do used[i] = math.max(used[i], before[i]) end
  add(other.instance, lease.nodes, used)
end
add(report.instance, nodes, nil)

-- What would be fair.
for i = #joints, 1, -1 do
  local joint = joints[i]
  local wants, floor = 0, 0
  for _, claim in pairs(joint.claims) do wants = wants + claim end
  for _, child in ipairs(joint.children) do
    wants = wants + child.wants
    floor = floor + child.floor
  end
  local limit = joint.node[LIMIT]
  joint.wants = math.min(limit, wants)
  joint.floor = math.min(limit, math.max(floor, math.min(joint.node[GUARANTEE], wants)))
end
if joints[1] then joints[1].share = joints[1].node[LIMIT] end
for _, joint in ipairs(joints) do
  local parts = {}
  for i, child in ipairs(joint.children) do
    parts[i] = { child.wants, child.floor, child.node[LIMIT], child.node[WEIGHT] }
  end
  for _, instance in ipairs(joint.claimants) do
    parts[#parts + 1] = { joint.claims[instance], 0, UNLIMITED, 1 }
  end
  local shares = divide(joint.share, parts)
  for i, child in ipairs(joint.children) do child.share = shares[i] end
  for i, instance in ipairs(joint.claimants) do joint.claims[instance] = shares[#joint.children + i] end
end

-- What can be had.
local knew = old and old.knew or report.instances
local parts = 1
if now < born + report.leaseMs then parts = math.max(1, knew) end
local granted, leavesOf = {}, {}
for i, node in ipairs(nodes) do
  leavesOf[i] = {}
  if node[WANTS] >= 0 then
    granted[i] = byPath[node[PATH]].claims[report.instance]
    local above = i
    while above > 0 do
      leavesOf[above][#leavesOf[above] + 1] = i
      above = nodes[above][PARENT]
    end
  end
end
for i = #nodes, 1, -1 do
  local limit = nodes[i][LIMIT]
  local free = math.max(0, math.min(limit / parts, limit - byPath[nodes[i][PATH]].leased))
  local sum = 0
  for _, leaf in ipairs(leavesOf[i]) do sum = sum + granted[leaf] end
  if sum > free then
    for _, leaf in ipairs(leavesOf[i]) do granted[leaf] = granted[leaf] * free / sum end
  end
end

local shares, previous = {}, {}
local answer = { tostring(instances), tostring(old and old.sequence + 1 or 1) }
for i, node in ipairs(nodes) do
  if node[WANTS] >= 0 then
    shares[node[PATH]] = granted[i]
    answer[#answer + 1] = string.format('%.17g', granted[i])
  end
end
if old then
  previous = old.shares
  if report.received ~= old.sequence then
    for path, share in pairs(old.previous) do previous[path] = math.max(share, previous[path] or 0) end
  end
end
redis.call('HSET', KEYS[1], 'i:' .. report.instance, cmsgpack.pack({
  expiresAt = now + report.leaseMs,
  sequence = tonumber(answer[2]),
  nodes = nodes,
  shares = shares,
  previous = previous,
  knew = knew,
}))
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), math.ceil(report.leaseMs)))
return answer
`;

/** KEYS[1] as above; ARGV[1] is the instance. */
export const releaseScript = `
return redis.call('HDEL', KEYS[1], 'i:' .. ARGV[1])
`;
