-- A postdissector that reads fields of TCP and WebSocket, and the plugin's where there are any.
local function field(name)
    local found, extractor = pcall(Field.new, name)
    return found and extractor or nil
end

local length = field("tcp.len")
local phase = field("workermanchat.phase")
local content = field("workermanchat.content")

local neighbour = Proto("neighbour", "A postdissector")
neighbour.fields.length = ProtoField.uint32("neighbour.length", "Length")
neighbour.fields.phase = ProtoField.string("neighbour.phase", "Phase")
neighbour.fields.content = ProtoField.string("neighbour.content", "Content")

function neighbour.dissector(_, _, tree)
    local own = tree:add(neighbour)
    for _, info in ipairs({ length() }) do
        own:add(neighbour.fields.length, info.value)
    end
    for name, extractor in pairs({ phase = phase, content = content }) do
        for _, info in ipairs({ extractor() }) do
            own:add(neighbour.fields[name], tostring(info.value))
        end
    end
end

register_postdissector(neighbour, true)
