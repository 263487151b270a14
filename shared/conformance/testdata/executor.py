"""An executor: its tasks end at once, but for those whose data says "stay". It answers messages in upper case."""
import base64
import os
import sys
import uuid

from mesosclient import Calls, subscribe, text

PATH = "/slave(1)/api/v1/executor"
agent = os.environ["MESOS_AGENT_ENDPOINT"]
common = {"framework_id": {"value": os.environ["MESOS_FRAMEWORK_ID"]}, "executor_id": {"value": os.environ["MESOS_EXECUTOR_ID"]}}
events = subscribe(agent, PATH, dict(common, type="SUBSCRIBE", subscribe={"unacknowledged_tasks": [], "unacknowledged_updates": []}))
next(events)
calls = Calls(agent, PATH, {}, common)


def update(task, state):
    status = {"task_id": task, "state": state, "source": "SOURCE_EXECUTOR", "uuid": base64.b64encode(uuid.uuid4().bytes).decode()}
    calls.send("UPDATE", update={"status": status})


for event in events:
    kind = event["type"]
    if kind == "LAUNCH":
        task = event["launch"]["task"]
        update(task["task_id"], "TASK_RUNNING")
        if base64.b64decode(task["data"]) != b"stay":
            update(task["task_id"], "TASK_FINISHED")
    elif kind == "KILL":
        update(event["kill"]["task_id"], "TASK_KILLED")
    elif kind == "MESSAGE":
        calls.send("MESSAGE", message={"data": text(base64.b64decode(event["message"]["data"]).decode().upper())})
    elif kind == "SHUTDOWN":
        sys.exit(0)
