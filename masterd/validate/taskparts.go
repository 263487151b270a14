package validate

import (
	"fmt"
	"slices"

	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// taskChecks checks the health check and the check of a task.
func taskChecks(info *mesosv1.TaskInfo, _ TaskContext) error {
	if h := info.HealthCheck; h != nil {
		if err := healthCheck(h); err != nil {
			return fmt.Errorf("task uses invalid health check: %w", err)
		}
	}
	if c := info.Check; c != nil {
		if err := check(c); err != nil {
			return fmt.Errorf("task uses invalid check: %w", err)
		}
	}
	return nil
}

func healthCheck(h *mesosv1.HealthCheck) error {
	switch h.GetType() {
	case mesosv1.HealthCheck_COMMAND:
		if h.Command == nil {
			return fmt.Errorf("expecting 'command' to be set for a health check of type COMMAND")
		}
		if err := checkCommand(h.GetCommand()); err != nil {
			return err
		}
	case mesosv1.HealthCheck_HTTP:
		if h.Http == nil {
			return fmt.Errorf("expecting 'http' to be set for a health check of type HTTP")
		}
		if s := h.GetHttp().GetScheme(); s != "" && s != "http" && s != "https" {
			return fmt.Errorf("unsupported scheme '%s'; use http or https", s)
		}
		if err := checkPath(h.GetHttp().GetPath()); err != nil {
			return err
		}
	case mesosv1.HealthCheck_TCP:
		if h.Tcp == nil {
			return fmt.Errorf("expecting 'tcp' to be set for a health check of type TCP")
		}
	case mesosv1.HealthCheck_UNKNOWN:
		return fmt.Errorf("expecting 'type' to be COMMAND, HTTP or TCP")
	}
	return nonNegative(map[string]float64{
		"delay_seconds": h.GetDelaySeconds(), "grace_period_seconds": h.GetGracePeriodSeconds(),
		"interval_seconds": h.GetIntervalSeconds(), "timeout_seconds": h.GetTimeoutSeconds(),
	})
}

func check(c *mesosv1.CheckInfo) error {
	switch c.GetType() {
	case mesosv1.CheckInfo_COMMAND:
		if c.Command == nil {
			return fmt.Errorf("expecting 'command' to be set for a check of type COMMAND")
		}
		if err := checkCommand(c.GetCommand().GetCommand()); err != nil {
			return err
		}
	case mesosv1.CheckInfo_HTTP:
		if c.Http == nil {
			return fmt.Errorf("expecting 'http' to be set for a check of type HTTP")
		}
		if err := checkPath(c.GetHttp().GetPath()); err != nil {
			return err
		}
	case mesosv1.CheckInfo_TCP:
		if c.Tcp == nil {
			return fmt.Errorf("expecting 'tcp' to be set for a check of type TCP")
		}
	case mesosv1.CheckInfo_UNKNOWN:
		return fmt.Errorf("expecting 'type' to be COMMAND, HTTP or TCP")
	}
	return nonNegative(map[string]float64{
		"delay_seconds": c.GetDelaySeconds(), "interval_seconds": c.GetIntervalSeconds(), "timeout_seconds": c.GetTimeoutSeconds(),
	})
}

func checkCommand(c *mesosv1.CommandInfo) error {
	if c.GetValue() == "" {
		if c.GetShell() {
			return fmt.Errorf("a shell command needs 'value'")
		}
		return fmt.Errorf("a command without a shell needs 'value', the program to run")
	}
	return environment(c.GetEnvironment())
}

func checkPath(path string) error {
	if path != "" && path[0] != '/' {
		return fmt.Errorf("the path '%s' of an HTTP check must begin with '/'", path)
	}
	return nil
}

func nonNegative(seconds map[string]float64) error {
	for _, name := range []string{"delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds"} {
		if v, there := seconds[name]; there && !(v >= 0) { // NaN is not either
			return fmt.Errorf("expecting '%s' to be non-negative, it is %v", name, v)
		}
	}
	return nil
}

// environments checks the variables of a task's and an executor's command.
func environments(info *mesosv1.TaskInfo, _ TaskContext) error {
	if err := environment(info.GetCommand().GetEnvironment()); err != nil {
		return fmt.Errorf("task's command is not valid: %w", err)
	}
	if err := environment(info.GetExecutor().GetCommand().GetEnvironment()); err != nil {
		return fmt.Errorf("executor's command is not valid: %w", err)
	}
	return nil
}

func environment(env *mesosv1.Environment) error {
	for _, v := range env.GetVariables() {
		name := v.GetName()
		switch v.GetType() {
		case mesosv1.Environment_Variable_VALUE:
			if v.Value == nil {
				return fmt.Errorf("environment variable '%s' of type VALUE must have a value set", name)
			}
			if v.Secret != nil {
				return fmt.Errorf("environment variable '%s' of type VALUE must not have a secret set", name)
			}
		case mesosv1.Environment_Variable_SECRET:
			if v.Secret == nil {
				return fmt.Errorf("environment variable '%s' of type SECRET must have a secret set", name)
			}
			if v.Value != nil {
				return fmt.Errorf("environment variable '%s' of type SECRET must not have a value set", name)
			}
		case mesosv1.Environment_Variable_UNKNOWN:
			return fmt.Errorf("environment variable '%s' of type UNKNOWN is not allowed", name)
		}
	}
	return nil
}

// container checks the containers of a task and of its executor.
func container(info *mesosv1.TaskInfo, _ TaskContext) error {
	if err := containerInfo(info.Container); err != nil {
		return fmt.Errorf("task's container is not valid: %w", err)
	}
	if err := containerInfo(info.GetExecutor().GetContainer()); err != nil {
		return fmt.Errorf("executor's container is not valid: %w", err)
	}
	return nil
}

func containerInfo(c *mesosv1.ContainerInfo) error {
	if c == nil {
		return nil
	}
	for _, v := range c.GetVolumes() {
		sources := 0
		for _, there := range []bool{v.HostPath != nil, v.Image != nil, v.Source != nil} {
			if there {
				sources++
			}
		}
		if sources != 1 {
			return fmt.Errorf("volume '%s' must have exactly one of host_path, image and source, it has %d", v.GetContainerPath(), sources)
		}
	}
	if c.GetType() != mesosv1.ContainerInfo_DOCKER {
		return nil
	}
	if c.Docker == nil {
		return fmt.Errorf("a container of type DOCKER must have 'docker' set")
	}
	if slices.ContainsFunc(c.GetDocker().GetParameters(), func(p *mesosv1.Parameter) bool { return p.GetKey() == "name" }) {
		return fmt.Errorf("docker parameter 'name' is not allowed: the agent names its containers")
	}
	return nil
}
