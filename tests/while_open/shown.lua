-- Tells what each frame shows: tshark at the end of the capture, Wireshark whenever the test asks.
--
-- Wireshark's Lua has no timers. But Wireshark draws its taps from one (statistics.update_interval), and a new listener counts as one that
-- has to be drawn. So each run of tick() registers the listener that brings the next one.

local home = os.getenv("HOME")
local frames = {} -- what the details of each frame show
local infos = {}  -- what the packet list shows of it
local dissections = 0
local quiet_ticks = 2 -- since anything was dissected

-- What Wireshark alone has (coloring rules) or tshark alone (columns as fields), and what Lua adds.
local function is_of_program(name)
    return name:match("^frame") or name:match("^_ws%.col") or name:match("^_ws%.lua")
end

-- A listener with all fields: every tree is built as for the details.
local recorder = Listener.new("frame", nil, true)

function recorder.reset()
    frames = {}
end

function recorder.packet(pinfo)
    local items = {}
    quiet_ticks = 0
    for _, item in ipairs({ all_field_infos() }) do
        if not is_of_program(item.name) then
            items[#items + 1] = ("%s [%d, %d] %s"):format(item.name, item.offset, item.len, item.display)
        end
    end
    frames[pinfo.number] = table.concat(items, "\n")
end

-- Columns are there for a dissector alone.
local list = Proto("shown_in_list", "What the packet list shows")

function list.dissector(_, pinfo)
    local info = tostring(pinfo.cols.info)
    if info ~= "(info)" then
        infos[pinfo.number] = info
        quiet_ticks = 0
    end
end

-- A capture is going to be dissected, for the first time or anew.
function list.init()
    dissections = dissections + 1
    quiet_ticks = 0
end

register_postdissector(list)

local function write(name, text)
    local file = assert(io.open(home .. "/" .. name .. ".part", "wb"))
    file:write(text)
    file:close()
    assert(os.rename(home .. "/" .. name .. ".part", home .. "/" .. name))
end

local function shown_frames()
    local text = {}
    for number, items in ipairs(frames) do
        text[number] = ("Info: %s\n%s\0"):format(infos[number], items)
    end
    return table.concat(text)
end

local function shown()
    retap_packets()
    return shown_frames()
end

local is_busy = false
local listener, drawn
local tick

local function await_tick()
    listener = Listener.new("frame")
    listener.draw = tick
end

-- The request is a chunk of Lua; what it returns is the answer.
local function answer_request()
    local file = io.open(home .. "/request")
    if file == nil then
        return
    end
    local request = file:read("*a")
    file:close()
    os.remove(home .. "/request")
    local succeeded, result = pcall(assert(load(request)), shown, function() return dissections end)
    write("answer", (succeeded and "" or "failed: ") .. tostring(result or ""))
end

-- While Wireshark dissects, it runs its timers now and then. So a request waits until nothing has been dissected for two of them.
function tick()
    if is_busy then
        return
    end
    is_busy = true
    if drawn ~= nil then
        drawn:remove()
    end
    drawn = listener
    if quiet_ticks >= 2 then
        answer_request()
    end
    quiet_ticks = quiet_ticks + 1
    await_tick()
    is_busy = false
end

if gui_enabled() then
    await_tick()
else
    function recorder.draw()
        write("answer", shown_frames())
    end
end
