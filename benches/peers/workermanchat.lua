-- The job of the plugin as a Lua dissector: the fields of a message, what it is, who sends what to whom, and which request a
-- delivery belongs to. benches/tshark compares the plugin with it; it is not a part of the plugin.
--
--   tshark -X lua_script:workermanchat.lua -r FILE -Y wmlua

local wm = Proto("wmlua", "Workerman Chat (Lua)")
local SERVER_PORT = 7272

-- The members that have a field of their own, and the field of each; other dialects have other keys.
local f = {
    type = ProtoField.string("wmlua.type", "Type"),
    client_id = ProtoField.string("wmlua.client_id", "Client id"),
    client_name = ProtoField.string("wmlua.client_name", "Client name"),
    from_client_id = ProtoField.string("wmlua.from_client_id", "From client id"),
    from_client_name = ProtoField.string("wmlua.from_client_name", "From client name"),
    to_client_id = ProtoField.string("wmlua.to_client_id", "To client id"),
    to_client_name = ProtoField.string("wmlua.to_client_name", "To client name"),
    content = ProtoField.string("wmlua.content", "Content"),
    time = ProtoField.string("wmlua.time", "Time"),
    room_id = ProtoField.string("wmlua.room_id", "Room id"),
}
local member_fields = {
    uid = f.client_id, name = f.client_name, from_uid = f.from_client_id, to_uid = f.to_client_id,
}
for key, field in pairs(f) do member_fields[key] = field end
f.phase = ProtoField.string("wmlua.phase", "Phase")
f.text = ProtoField.string("wmlua.text", "Text")
f.list_id = ProtoField.string("wmlua.client_list.client_id", "Client id")
f.list_name = ProtoField.string("wmlua.client_list.client_name", "Client name")
f.count = ProtoField.uint32("wmlua.client_list.count", "Users")
f.member = ProtoField.string("wmlua.member", "Member")
f.user = ProtoField.string("wmlua.user", "User of the connection")
f.room = ProtoField.string("wmlua.room", "Room of the connection")
f.sender = ProtoField.string("wmlua.sender", "Sender")
f.recipient = ProtoField.string("wmlua.recipient", "Recipient")
f.private = ProtoField.bool("wmlua.private", "Private")
f.request_in = ProtoField.framenum("wmlua.request_in", "Request in", base.NONE, frametype.REQUEST)
f.response_in = ProtoField.framenum("wmlua.response_in", "Response in", base.NONE, frametype.RESPONSE)
f.deliveries = ProtoField.uint32("wmlua.deliveries", "Deliveries")
wm.fields = f

local malformed = ProtoExpert.new("wmlua.malformed_json", "Not JSON", expert.group.MALFORMED, expert.severity.ERROR)
wm.experts = { malformed }

local tcp_stream = Field.new("tcp.stream")

local byte, char, find, gsub, match, sub = string.byte, string.char, string.find, string.gsub, string.match, string.sub
local floor, concat = math.floor, table.concat

-- JSON ----------------------------------------------------------------------------------------------------------------

local function utf8(code)
    if code < 0x80 then return char(code) end
    if code < 0x800 then return char(0xc0 + floor(code / 0x40), 0x80 + code % 0x40) end
    if code < 0x10000 then
        return char(0xe0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
    end
    return char(0xf0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40, 0x80 + floor(code / 0x40) % 0x40,
        0x80 + code % 0x40)
end

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function surrogates(high, low)
    return utf8(0x10000 + (tonumber(high, 16) - 0xd800) * 0x400 + tonumber(low, 16) - 0xdc00)
end
local function unicode(digits) return utf8(tonumber(digits, 16)) end
local function short(letter) return escapes[letter] or letter end

-- A string without its quotes, decoded.
local function decoded(raw)
    if not find(raw, "\\", 1, true) then return raw end
    raw = gsub(raw, "\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", surrogates)
    raw = gsub(raw, "\\u(%x%x%x%x)", unicode)
    return (gsub(raw, "\\(.)", short))
end

local DQUOTE, BACKSLASH, OPEN_OBJECT, OPEN_ARRAY = 0x22, 0x5c, 0x7b, 0x5b

-- The end of the string that begins after the quote at `at`, or nil.
local function string_end(text, at)
    local from = at + 1
    while true do
        local stop = find(text, '["\\]', from)
        if not stop then return nil end
        if byte(text, stop) == DQUOTE then return stop end
        if not find(text, '^["\\/bfnrtu]', stop + 1) then return nil end
        from = stop + 2
    end
end

local value

-- The members of the object at `at` as a list of { key, value, first byte, last byte }, and its last byte. If it is none: nil, nil
-- and the members before the fault.
local function object(text, at)
    local members = {}
    local next = match(text, "^%s*}()", at + 1)
    if next then return members, next - 1 end
    repeat
        -- Most members are strings without escapes.
        local key, first, found, last = match(text, '^%s*"([^"\\]*)"%s*:%s*()"([^"\\]*)()"', at + 1)
        if not key then
            local quote = match(text, '^%s*()"', at + 1)
            local stop = quote and string_end(text, quote)
            first = stop and match(text, "^%s*:%s*()", stop + 1)
            if not first then return nil, nil, members end
            key = decoded(sub(text, quote + 1, stop - 1))
            found, last = value(text, first)
            if not last then return nil, nil, members end
        end
        members[#members + 1] = { key, found, first, last }
        local separator
        separator, at = match(text, "^%s*([,}])()", last + 1)
        if not separator then return nil, nil, members end
        at = at - 1
        next = separator == "}"
    until next
    return members, at
end

local function array(text, at)
    local items = {}
    local next = match(text, "^%s*%]()", at + 1)
    if next then return items, next - 1 end
    repeat
        local first = match(text, "^%s*()", at + 1)
        local found, last = value(text, first)
        if not last then return nil end
        items[#items + 1] = found
        local separator
        separator, at = match(text, "^%s*([,%]])()", last + 1)
        if not separator then return nil end
        at = at - 1
        next = separator == "]"
    until next
    return items, at
end

-- The value at `at` (a string for a string, number or literal; a table for the others), and its last byte; nil if it is none.
value = function(text, at)
    local first = byte(text, at)
    if first == DQUOTE then
        local stop = string_end(text, at)
        if not stop then return nil end
        return decoded(sub(text, at + 1, stop - 1)), stop
    end
    if first == OPEN_OBJECT then return object(text, at) end
    if first == OPEN_ARRAY then return array(text, at) end
    local word, after = match(text, "^([%w+.-]+)()", at)
    if not word or not (tonumber(word) or word == "true" or word == "false" or word == "null") then return nil end
    return word, after - 1
end

-- The text as a person reads it ------------------------------------------------------------------------------------------

local entities = { ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#039;"] = "'", ["&amp;"] = "&" }

local function readable(content)
    if find(content, "<b>", 1, true) == 1 then
        content = gsub(gsub(content, "^<b>对你说: </b>", "", 1), "^<b>你对.-说: </b>", "", 1)
    end
    if find(content, "<br />", 1, true) then content = gsub(content, "<br />", "") end
    if find(content, "&", 1, true) then content = gsub(content, "&#?%w+;", entities) end
    return content
end

local function name_of(escaped) return escaped and readable(readable(escaped)) end

local function one_line(text)
    if find(text, "%c") then text = gsub(text, "%c", " ") end
    if #text > 200 then text = sub(text, 1, 200) .. "…" end
    return text
end

-- What the capture has shown -----------------------------------------------------------------------------------------------

local users, rooms, names, records, says, waiting_login, waiting_ping

function wm.init()
    users, rooms, names, records, says, waiting_login, waiting_ping = {}, {}, {}, {}, {}, {}, {}
end

local requests = { login = "Login request", say = "Say request", pong = "Heartbeat pong" }
local responses = {
    say = "Say delivery", logout = "Logout notification", ping = "Heartbeat ping", user_list = "User list",
}

-- The first pass: what a message is, and what it teaches. Returns the record of the message.
local function learn(message, stream, from_client, frame)
    local kind = message.type
    local record = { phase = (from_client and requests or responses)[kind] or "Unknown message", user = users[stream] }
    if kind == "login" and from_client then
        record.sender, record.room = message.client_name or message.name, message.room_id
        waiting_login[stream] = record
        record.frame = frame
        users[stream], rooms[stream] = record.sender, message.room_id
    elseif kind == "login" then
        local id, name = message.client_id or message.uid, name_of(message.client_name or message.name)
        if id then names[id] = name end
        record.sender = name
        local list = message.client_list
        local request = waiting_login[stream]
        if list then
            record.phase = "Login result"
            users[stream] = name
            for _, user in ipairs(list) do names[user[1]] = readable(tostring(user[2])) end
            if request then
                record.request, request.response = request, frame
                waiting_login[stream] = nil
            end
        else
            record.phase = "Login notification"
        end
    elseif kind == "say" and from_client then
        local to = message.to_client_id or message.to_uid
        record.sender, record.recipient = users[stream], to == "all" and "all" or names[to]
        record.frame, record.deliveries = frame, 0
        local key = concat({ record.sender or "", to or "", message.text }, "\0")
        local alike = says[key]
        if not alike then
            alike = { next = {} }
            says[key] = alike
        end
        alike[#alike + 1] = record
    elseif kind == "say" then
        local to = message.to_client_id or message.to_uid
        local sender = name_of(message.from_client_name) or names[message.from_client_id or message.from_uid]
        record.sender, record.recipient = sender, to == "all" and "all" or names[to]
        local alike = says[concat({ sender or "", to or "", message.text }, "\0")]
        if alike then
            local place = stream .. sub(message.content, 1, 8)
            local number = (alike.next[place] or 0) + 1
            local request = alike[number] or alike[#alike]
            alike.next[place] = number
            record.request = request
            request.response = request.response or frame
            request.deliveries = request.deliveries + 1
        end
    elseif kind == "logout" then
        local id = message.from_client_id or message.uid
        record.sender = name_of(message.from_client_name) or names[id]
    elseif kind == "ping" then
        record.frame = frame
        waiting_ping[stream] = record
    elseif kind == "pong" then
        record.request = waiting_ping[stream]
        if record.request then record.request.response = frame end
        waiting_ping[stream] = nil
    end
    record.user, record.in_room = users[stream], rooms[stream]
    return record
end

-- A frame can have several messages.
local current_frame, index = nil, 0

local function record_of(message, pinfo, from_client)
    local frame = pinfo.number
    if frame ~= current_frame then current_frame, index = frame, 0 end
    index = index + 1
    local place = index == 1 and frame or frame .. "/" .. index
    local record = records[place]
    if not record then
        record = learn(message, tcp_stream().value, from_client, frame)
        records[place] = record
    end
    return record
end

-- Drawing: only the fields that are looked at -----------------------------------------------------------------------------

local function add_generated(tree, field, shown)
    if shown ~= nil and tree:referenced(field) then tree:add(field, shown):set_generated() end
end

local function add_list(tree, tvb, users, first, last)
    if not tree:referenced(f.list_id) and not tree:referenced(f.list_name) and not tree:referenced(f.count) then return end
    local list = tree:add(wm, tvb(first - 1, last - first + 1), "Client list")
    for _, user in ipairs(users) do
        local id, name = user[1], user[2]
        if type(id) == "string" and type(name) == "string" and user[3] then
            local place = tvb(user[3] - 1, user[4] - user[3] + 1)
            list:add(f.list_id, place, id)
            list:add(f.list_name, place, name)
        end
    end
    list:add(f.count, #users):set_generated()
end

local function add_member(tree, tvb, key, shown, first, last)
    if type(shown) == "table" then return add_list(tree, tvb, shown, first, last) end
    local field = member_fields[key]
    if not field then
        field, shown = f.member, key .. ": " .. shown
    end
    if tree:referenced(field) then tree:add(field, tvb(first - 1, last - first + 1), shown) end
end

local function draw(tree, tvb, pinfo, members, message, record)
    local title = record.phase
    if record.sender then
        title = title .. ": " .. one_line(record.sender)
        if record.recipient then title = title .. " → " .. one_line(record.recipient) end
    end
    if message.text then title = title .. ": " .. one_line(message.text) end
    pinfo.cols.protocol = "WMLua"
    if index > 1 then
        pinfo.cols.info:append(" | " .. title)
    else
        pinfo.cols.info = title
    end
    local layer = tree:add(wm, tvb(), "Workerman Chat (Lua), " .. title)
    add_generated(layer, f.phase, record.phase)
    for _, member in ipairs(members) do
        add_member(layer, tvb, member[1], member[2], member[3], member[4])
    end
    add_generated(layer, f.text, message.text)
    add_generated(layer, f.sender, record.sender)
    add_generated(layer, f.recipient, record.recipient)
    if message.text then add_generated(layer, f.private, (message.to_client_id or "all") ~= "all") end
    add_generated(layer, f.user, record.user)
    add_generated(layer, f.room, record.in_room)
    if record.request then add_generated(layer, f.request_in, record.request.frame) end
    add_generated(layer, f.response_in, record.response)
    if record.deliveries and record.deliveries > 0 then add_generated(layer, f.deliveries, record.deliveries) end
    return layer
end

function wm.dissector(tvb, pinfo, tree)
    local text = tvb:raw()
    local first = match(text, "^%s*(){")
    if not first then return 0 end
    local members, last, readable_members = object(text, first)
    local is_json = members and find(text, "^%s*$", last + 1)
    members = members or readable_members
    if not members then return 0 end
    local message = {}
    for _, member in ipairs(members) do message[member[1]] = member[2] end
    if type(message.type) ~= "string" then return 0 end
    if type(message.client_list) ~= "table" then message.client_list = nil end
    if type(message.content) == "string" then message.text = readable(message.content) end
    local record = record_of(message, pinfo, pinfo.dst_port == SERVER_PORT)
    local layer = draw(tree, tvb, pinfo, members, message, record)
    if not is_json then layer:add_proto_expert_info(malformed) end
    return tvb:len()
end

wm:register_heuristic("ws", function(tvb, pinfo, tree)
    if pinfo.dst_port ~= SERVER_PORT and pinfo.src_port ~= SERVER_PORT then return false end
    return wm.dissector(tvb, pinfo, tree) > 0
end)
