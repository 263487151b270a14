"""A scheduler: runs tasks on an executor of its own, talks with it, kills one task, and tears itself down.

usage: scheduler.py MASTER TASKS PYTHON FILE...   (the files are fetched into the sandbox; the first is the executor)
"""
import base64
import json
import sys

from mesosclient import Calls, subscribe, text

master, count, python, files = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
PATH = "/api/v1/scheduler"
info = {"user": "root", "name": "a scheduler in Python", "roles": ["scripts"],
        "capabilities": [{"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}]}
events = subscribe(master, PATH, {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
stream_id = next(events).getheader("Mesos-Stream-Id")
seen = {"states": {}, "answers": []}
launched, calls, finished = 0, None, False


def resources(cpus, mem):
    return [{"name": name, "type": "SCALAR", "scalar": {"value": value}} for name, value in (("cpus", cpus), ("mem", mem))]


def launch(offer):
    global launched
    executor = {
        "executor_id": {"value": "python"}, "resources": resources(0.1, 64),
        "command": {"value": "exec %s %s" % (python, files[0].split("/")[-1]),
                    "uris": [{"value": one, "extract": False} for one in files]},
    }
    tasks = []
    while launched < count:
        launched += 1
        name = "task-%d" % launched
        tasks.append({"name": name, "task_id": {"value": name}, "agent_id": offer["agent_id"], "executor": executor,
                      "resources": resources(0.1, 32), "data": text("stay" if launched == count else "go")})
    calls.send("ACCEPT", accept={"offer_ids": [offer["id"]], "filters": {"refuse_seconds": 0},
                                 "operations": [{"type": "LAUNCH", "launch": {"task_infos": tasks}}]})


for event in events:
    kind = event["type"]
    if finished:
        continue  # what was on its way; the stream ends by itself
    if kind == "SUBSCRIBED":
        assert event["subscribed"]["heartbeat_interval_seconds"] > 0
        calls = Calls(master, PATH, {"Mesos-Stream-Id": stream_id}, {"framework_id": event["subscribed"]["framework_id"]})
    elif kind == "OFFERS":
        for offer in event["offers"]["offers"]:
            assert offer["allocation_info"]["role"] == "scripts"
            if launched < count:
                launch(offer)
            else:
                calls.send("DECLINE", decline={"offer_ids": [offer["id"]], "filters": {"refuse_seconds": 3600.0}})
    elif kind == "UPDATE":
        status = event["update"]["status"]
        name, state = status["task_id"]["value"], status["state"]
        seen["states"].setdefault(name, []).append(state)
        if "uuid" in status:
            calls.send("ACKNOWLEDGE", acknowledge={"agent_id": status["agent_id"], "task_id": status["task_id"], "uuid": status["uuid"]})
        if name == "task-%d" % count and state == "TASK_RUNNING":
            calls.send("MESSAGE", message={"agent_id": status["agent_id"], "executor_id": {"value": "python"}, "data": text("hello")})
        done = [states for states in seen["states"].values() if states[-1] in ("TASK_FINISHED", "TASK_KILLED")]
        if len(done) == count:
            finished = True
            calls.send("TEARDOWN")
    elif kind == "MESSAGE":
        seen["answers"].append(base64.b64decode(event["message"]["data"]).decode())
        calls.send("KILL", kill={"task_id": {"value": "task-%d" % count}})
    elif kind in ("ERROR", "FAILURE"):
        raise SystemExit(json.dumps(event))
print(json.dumps(seen, sort_keys=True))
