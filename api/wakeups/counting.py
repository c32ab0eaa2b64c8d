"""How WebSockets are counted in Redis: for each user and each address a hash with what each server says.

A server always says all that it has open there, and so puts right what was lost before. What it said counts
until it is stale, as long as the server listens to the channel of its name, by which it is told who has to
give way. The only clock is that of Redis: servers say how long ago something was.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

SCRIPT = """
local server, channels, stale = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local listens, give_way, granted = {}, {}, {}

local function is_there(other)
  if listens[other] == nil then
    local found = redis.pcall('PUBSUB', 'NUMSUB', channels .. other)
    listens[other] = found.err ~= nil or found[2] > 0
  end
  return listens[other]
end

local function of_others(key)
  local all, said = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do
    local other, at, open = all[i], unpack(cmsgpack.unpack(all[i + 1]))
    if math.abs(now - at) > stale then
      redis.call('HDEL', key, other)
    elseif other ~= server and is_there(other) then
      said[#said + 1] = {server = other, at = at, open = open}
    end
  end
  return said
end

local function keep(key, said, nothing)
  if nothing then
    redis.call('HDEL', key, said.server)
  else
    redis.call('HSET', key, said.server, cmsgpack.pack({said.at, said.open}))
  end
end

local function sooner_heard(a, b)
  if a.heard == b.heard then return a.place < b.place end
  return a.heard < b.heard
end

local function part(index, said, too_many)
  local all = {}
  for _, one in ipairs(said) do
    for _, each in ipairs(one.open) do
      all[#all + 1] = {number = each[1], heard = each[2], place = #all, of = one}
    end
    one.open = {}
  end
  table.sort(all, sooner_heard)
  for i, each in ipairs(all) do
    if i <= too_many then
      give_way[#give_way + 1] = {each.of.server, each.number, index}
      each.of.changed = true
    else
      table.insert(each.of.open, {each.number, each.heard})
    end
  end
end

local function user(index, limit, silent)
  local own = {server = server, at = now, open = {}, changed = true}
  for i, each in ipairs(silent) do own.open[i] = {each[1], now - each[2]} end
  local said, total = of_others(KEYS[index]), 0
  said[#said + 1] = own
  for _, one in ipairs(said) do total = total + #one.open end
  if total > limit then part(index, said, total - limit) end
  for _, one in ipairs(said) do
    if one.changed then keep(KEYS[index], one, #one.open == 0) end
  end
end

local function address(index, limit, open, asking)
  local room = limit - open
  for _, one in ipairs(of_others(KEYS[index])) do room = room - one.open end
  local enter = math.max(0, math.min(asking, room))
  if asking > 0 then granted[#granted + 1] = enter end
  keep(KEYS[index], {server = server, at = now, open = open + enter}, open + enter == 0)
end

for i, said in ipairs(cmsgpack.unpack(ARGV[4])) do
  if type(said[2]) == 'table' then user(i, unpack(said)) else address(i, unpack(said)) end
  redis.call('PEXPIRE', KEYS[i], stale)
end
return cmsgpack.pack({give_way, granted})
"""


class OpenOfUser(NamedTuple):
    limit: int
    silent: Sequence[tuple[int, int]]
    """The number of each socket, and the milliseconds since it was heard."""


class OpenAtAddress(NamedTuple):
    limit: int
    open: int
    asking: int
    """So many more want to open."""


class GivesWay(NamedTuple):
    server: str
    number: int
    key: int
    """Of which of the keys that were named, from 1."""


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """`granted`: how many may open, of each address where some want to."""

    give_way: Sequence[GivesWay]
    granted: Sequence[int]


packed = msgspec.msgpack.Encoder().encode
answered = msgspec.msgpack.Decoder(Answer).decode
