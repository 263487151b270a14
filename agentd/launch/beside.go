package launch

import "codeberg.org/reeve/reeve/shared/mesosv1"

// Variables is the environment that a command sets itself, KEY=value. Secrets by name are left out.
func Variables(command *mesosv1.CommandInfo) []string {
	var env []string
	for _, v := range command.GetEnvironment().GetVariables() {
		value := v.GetValue()
		if v.GetType() == mesosv1.Environment_Variable_SECRET {
			value = string(v.GetSecret().GetValue().GetData())
		}
		env = append(env, v.GetName()+"="+value)
	}
	return env
}

// BaseEnvironment is what a container has that belongs to no framework.
func BaseEnvironment(sandbox string) []string {
	return []string{defaultPath, "MESOS_DIRECTORY=" + sandbox, "MESOS_SANDBOX=" + sandbox}
}
