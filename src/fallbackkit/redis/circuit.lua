-- One circuit breaker of many processes. KEYS[1]: its state, packed. ARGV[1]: what one of them has to tell, as JSON.
-- The machine of _circuit.py, by the server's seconds.
local told = cjson.decode(ARGV[1])
local rules, mine = told.rules, told.mine
local packed = redis.call('GET', KEYS[1])
local circuit = packed and cmsgpack.unpack(packed) or { slices = {}, leases = {} }

-- The server's clock may be set back: then nothing lasts longer than it would have, and nothing is in the future.
local slice = rules.window / 10
local slot = math.floor(now / slice)
local calls, failures, slow, trials = 0, 0, 0, 0
for at, counts in pairs(circuit.slices) do
  if at <= slot - 10 or at > slot then
    circuit.slices[at] = nil
  else
    calls, failures, slow = calls + counts[1], failures + counts[2], slow + counts[3]
  end
end
for token, ends in pairs(circuit.leases) do
  if ends <= now then
    circuit.leases[token] = nil
  else
    circuit.leases[token] = math.min(ends, now + rules.trial_lease)
    trials = trials + 1
  end
end
if circuit.state == 'open' then
  circuit.ends = math.min(circuit.ends, now + circuit.wait)
end

local function begin(state, generation)
  circuit.state, circuit.generation = state, generation
  circuit.streak, circuit.passed, circuit.leases, trials = 0, 0, {}, 0
  if state == 'closed' then
    circuit.slices, calls, failures, slow = {}, 0, 0, 0
  end
end

local function open_for(wait)
  circuit.wait, circuit.ends = wait, now + wait
end

local latest = math.floor(now * 1e6)
local function enter(state, after)
  if state == 'open' and circuit.state == 'half_open' then
    local longer = math.min(math.max(2 * circuit.wait, rules.reset_timeout), rules.max_reset_timeout)
    open_for(math.max(longer, after))
  elseif state == 'open' then
    open_for(after > 0 and after or rules.reset_timeout)
  end
  begin(state, math.max(latest, circuit.generation + 1))
end

-- The latest decision wins: this process may have made one while Redis was gone, or know one that Redis has lost.
local decided = math.min(mine.generation, latest)
local agreed = mine.generation == circuit.generation
if not packed or decided > circuit.generation then
  agreed = true
  begin(mine.state == 'half_open' and 'open' or mine.state, decided)
  open_for(mine.left)
  circuit.wait, circuit.isolations = mine.wait, mine.isolations
end

if told.order == 'isolate' then
  circuit.isolations = circuit.isolations + 1
  enter('isolated')
elseif told.order == 'reset' then
  circuit.isolations = math.max(0, circuit.isolations - 1)
  if circuit.isolations == 0 then
    enter('closed')
  end
end

-- A token that is not known has another generation, or its lease is over.
for _, trial in ipairs(told.trials) do
  local token, verdict, after = trial[1], trial[2], trial[3]
  if circuit.leases[token] then
    circuit.leases[token] = nil
    trials = trials - 1
    if verdict == 'failure' then
      enter('open', after)
    elseif verdict == 'success' then
      circuit.passed = circuit.passed + 1
      if circuit.passed >= rules.successes then
        enter('closed')
      end
    end
  end
end

local function over()
  local full = calls >= rules.min_calls
  if full and rules.slow_rate > 0 and slow / calls >= rules.slow_rate then
    return true
  end
  if rules.in_a_row > 0 then
    return circuit.streak >= rules.in_a_row
  end
  return full and failures / calls >= rules.failure_rate
end

local function count(n, failed, late)
  local counts = circuit.slices[slot] or { 0, 0, 0 }
  circuit.slices[slot] = { counts[1] + n, counts[2] + n * failed, counts[3] + n * late }
  calls, failures, slow = calls + n, failures + n * failed, slow + n * late
  circuit.streak = failed == 1 and circuit.streak + n or 0
  return failures + slow > 0 and over()
end

-- Calls that went alike, one after the other. A share is at its highest when there are just enough calls, or at the
-- end: so two looks see what a look at each call would.
for _, run in ipairs(agreed and told.runs or {}) do
  local n, failed, late, after = run[1], run[2], run[3], run[4]
  local first = math.max(1, math.min(n, rules.min_calls - calls))
  local opens = circuit.state == 'closed' and (count(first, failed, late) or after > 0)
  if circuit.state == 'closed' and not opens and n > first then
    opens = count(n - first, failed, late)
  end
  if opens then
    enter('open', after)
  end
end

if told.token ~= '' then
  if circuit.state == 'open' and now >= circuit.ends then
    enter('half_open')
  end
  if circuit.state == 'half_open' and trials < rules.trial_calls then
    circuit.leases[told.token] = now + rules.trial_lease
    trials = trials + 1
  end
end

local left = 0
if circuit.state == 'open' then
  left = circuit.ends - now
elseif circuit.state == 'half_open' and trials >= rules.trial_calls then
  left = rules.trial_lease
  for _, ends in pairs(circuit.leases) do
    left = math.min(left, ends - now)
  end
end

-- An isolation outlasts a month without a call; the rest is worth nothing after the longest that it can matter.
local kept = rules.window + 2 * rules.max_reset_timeout + rules.trial_lease
if circuit.isolations > 0 then
  kept = kept + 30 * 86400
end
local longest = 1e9 -- seconds: numbers beyond it would not fit
redis.call('SET', KEYS[1], cmsgpack.pack(circuit), 'PX', math.ceil(math.min(kept, longest) * 1000))

local function micros(seconds)
  return math.floor(math.max(0, math.min(seconds, longest)) * 1e6 + 0.5)
end
local number = { closed = 0, open = 1, half_open = 2, isolated = 3 }
return {
  number[circuit.state], circuit.generation, micros(left), micros(circuit.wait), circuit.isolations,
  calls, failures, slow, trials, circuit.leases[told.token] and 1 or 0, latest,
}
