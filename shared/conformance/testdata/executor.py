"""An executor: its tasks end at once, but for those whose data says "stay". It answers messages in upper case, and outlives
its agent: when the stream breaks it comes back with what has not been acknowledged."""
import base64
import http.client
import os
import sys
import time
import uuid

from mesosclient import Calls, Refused, subscribe, text

PATH = "/slave(1)/api/v1/executor"
PATIENCE = 120  # seconds without an agent
agent = os.environ["MESOS_AGENT_ENDPOINT"]
common = {"framework_id": {"value": os.environ["MESOS_FRAMEWORK_ID"]}, "executor_id": {"value": os.environ["MESOS_EXECUTOR_ID"]}}
tasks, updates = {}, {}  # not acknowledged yet, by the id of the task and by the UUID of the update


def update(calls, task, state):
    number = base64.b64encode(uuid.uuid4().bytes).decode()
    updates[number] = {"status": {"task_id": task, "state": state, "source": "SOURCE_EXECUTOR", "uuid": number}}
    calls.send("UPDATE", update=updates[number])


def follow(events, calls):
    for event in events:
        kind = event["type"]
        if kind == "LAUNCH":
            task = event["launch"]["task"]
            tasks[task["task_id"]["value"]] = task
            update(calls, task["task_id"], "TASK_RUNNING")
            if base64.b64decode(task["data"]) != b"stay":
                update(calls, task["task_id"], "TASK_FINISHED")
        elif kind == "ACKNOWLEDGED":
            tasks.pop(event["acknowledged"]["task_id"]["value"], None)
            updates.pop(event["acknowledged"]["uuid"], None)
        elif kind == "KILL":
            update(calls, event["kill"]["task_id"], "TASK_KILLED")
        elif kind == "MESSAGE":
            calls.send("MESSAGE", message={"data": text(base64.b64decode(event["message"]["data"]).decode().upper())})
        elif kind == "SHUTDOWN":
            sys.exit(0)


heard = time.monotonic()
while time.monotonic() - heard < PATIENCE:
    known = {"unacknowledged_tasks": list(tasks.values()), "unacknowledged_updates": list(updates.values())}
    try:
        events = subscribe(agent, PATH, dict(common, type="SUBSCRIBE", subscribe=known))
        next(events)
        try:
            follow(events, Calls(agent, PATH, {}, common))
        finally:
            heard = time.monotonic()
    except (OSError, http.client.HTTPException, Refused) as lost:
        print("agent lost:", lost, file=sys.stderr)
    time.sleep(0.1)
sys.exit("no agent for %d s" % PATIENCE)
