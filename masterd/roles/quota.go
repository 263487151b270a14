package roles

import (
	"maps"
	"slices"
	"strings"

	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
	"codeberg.org/reeve/reeve/shared/mesosv1/quota"
	"codeberg.org/reeve/reeve/shared/resources"
)

// Quota is what a role, with those below it, is guaranteed and may have at most.
type Quota struct {
	Guarantee Amounts
	Limit     Amounts // what is not named has no limit
}

// Empty says that the quota neither guarantees nor limits anything.
func (q Quota) Empty() bool { return len(q.Guarantee) == 0 && len(q.Limit) == 0 }

// String says it to people.
func (q Quota) String() string {
	var parts []string
	if len(q.Guarantee) > 0 {
		parts = append(parts, "guaranteed "+q.Guarantee.String())
	}
	if len(q.Limit) > 0 {
		parts = append(parts, "at most "+q.Limit.String())
	}
	if len(parts) == 0 {
		return "nothing is guaranteed, and there is no limit"
	}
	return strings.Join(parts, ", ")
}

// Config is the quota as UPDATE_QUOTA and GET_QUOTA write it.
func (q Quota) Config(role string) *quota.QuotaConfig {
	return &quota.QuotaConfig{Role: new(role), Guarantees: q.Guarantee.Proto(), Limits: q.Limit.Proto()}
}

// Info is the old form of it, which has no limits.
func (q Quota) Info(role string) *quota.QuotaInfo {
	return &quota.QuotaInfo{Role: new(role), Guarantee: q.Guarantee.Resources()}
}

// Status answers GET_QUOTA: every quota in both forms, by role.
func (s Settings) Status() *quota.QuotaStatus {
	status := &quota.QuotaStatus{}
	for _, role := range slices.Sorted(maps.Keys(s.Quotas)) {
		status.Infos = append(status.Infos, s.Quotas[role].Info(role))
		status.Configs = append(status.Configs, s.Quotas[role].Config(role))
	}
	return status
}

// The largest amounts, as Mesos has them: an exabyte in MB, and a trillion.
const (
	exabyte  = 1 << 40
	trillion = 1e12
)

// Rules are what the edge knows of the names of roles.
type Rules struct {
	Name   func(role string) error // what a name must obey
	Nested bool                    // roles below others may have a quota; in Mesos's own calls they may not
}

// Configs reads the list of UPDATE_QUOTA. The errors are Mesos's.
func Configs(list []*quota.QuotaConfig, rules Rules) (map[string]Quota, error) {
	quotas := make(map[string]Quota, len(list))
	for _, one := range list {
		role := one.GetRole()
		if strings.Contains(role, "/") && !rules.Nested {
			return nil, fault.New(fault.Invalid, "Updating quota on nested role '%s' is not supported yet", role)
		}
		q, err := config(one, rules.Name)
		if err != nil {
			return nil, fault.New(fault.Invalid, "Invalid QuotaConfig: %v", err)
		}
		quotas[role] = q
	}
	return quotas, nil
}

func config(wire *quota.QuotaConfig, check func(role string) error) (Quota, error) {
	if wire.Role == nil {
		return Quota{}, wrong("'QuotaConfig.role' must be set")
	}
	if err := check(wire.GetRole()); err != nil {
		return Quota{}, wrong("Invalid 'QuotaConfig.role': %v", err)
	}
	for _, part := range []struct {
		name    string
		amounts map[string]*mesosv1.Value_Scalar
	}{{"guarantees", wire.GetGuarantees()}, {"limits", wire.GetLimits()}} {
		if err := tooLarge(part.amounts); err != nil {
			return Quota{}, wrong("Invalid 'QuotaConfig.%s': %v", part.name, err)
		}
	}
	guarantee, err := amounts("guarantee", wire.GetGuarantees())
	if err != nil {
		return Quota{}, err
	}
	maps.DeleteFunc(guarantee, func(_ string, n resources.Milli) bool { return n == 0 })
	limit, err := amounts("limit", wire.GetLimits())
	if err != nil {
		return Quota{}, err
	}
	q := Quota{Guarantee: guarantee, Limit: limit}
	return q, q.check()
}

// check says whether the limits leave room for the guarantees.
func (q Quota) check() error {
	if !q.Limit.Allows(q.Guarantee) {
		return wrong("'QuotaConfig.guarantees' %s is not contained within the 'QuotaConfig.limits' %s", q.Guarantee, q.Limit)
	}
	return nil
}

func tooLarge(wire map[string]*mesosv1.Value_Scalar) error {
	for _, name := range slices.Sorted(maps.Keys(wire)) {
		n := wire[name].GetValue()
		switch {
		case (name == "mem" || name == "disk") && n > exabyte:
			return wrong("{'%s': %s} is invalid: values greater than 1 exabyte (%d) are not supported", name, number(n), int64(exabyte))
		case n > trillion:
			return wrong("{'%s': %s} is invalid: values greater than 1 trillion (%d) are not supported", name, number(n), int64(trillion))
		}
	}
	return nil
}

func amounts(what string, wire map[string]*mesosv1.Value_Scalar) (Amounts, error) {
	read := make(Amounts, len(wire))
	for _, name := range slices.Sorted(maps.Keys(wire)) {
		n := wire[name].GetValue()
		why := ""
		switch {
		case !slices.Contains(names[:], name):
			why = "quota counts cpus, mem, disk and gpus only"
		case !sane(n):
			why = "it is not a number that can be counted"
		case n < 0:
			why = "Negative values not supported"
		}
		if why != "" {
			return nil, wrong("Invalid %s configuration {'%s': %v}: %s", what, name, n, why)
		}
		read[name] = resources.MilliOf(n)
	}
	return read, nil
}

// Request reads the old SET_QUOTA, whose guarantee is the limit, too. check is the rule for names of roles. The errors are
// Mesos's.
func Request(wire *quota.QuotaRequest, check func(role string) error) (role string, q Quota, err error) {
	role = wire.GetRole()
	q.Guarantee = Amounts{}
	err = requestProblem(wire, check)
	for _, r := range wire.GetGuarantee() {
		if err != nil {
			break
		}
		_, dup := q.Guarantee[r.GetName()]
		switch {
		case len(r.GetReservations()) > 0 || r.GetReservation() != nil || r.GetRole() != "" && r.GetRole() != "*":
			err = wrong("QuotaInfo must not contain any ReservationInfo")
		case r.Disk != nil:
			err = wrong("QuotaInfo must not contain DiskInfo")
		case r.Revocable != nil:
			err = wrong("QuotaInfo must not contain RevocableInfo")
		case r.GetType() != mesosv1.Value_SCALAR:
			err = wrong("QuotaInfo must not include non-scalar resources")
		case dup:
			err = wrong("QuotaInfo contains duplicate resource name '%s'", r.GetName())
		default:
			err = q.guaranteed(r)
		}
	}
	if err != nil {
		return role, Quota{}, fault.New(fault.Invalid, "Failed to validate set quota request: %v", err)
	}
	if strings.Contains(role, "/") {
		return role, Quota{}, fault.New(fault.Invalid, "Setting quota on nested role '%s' is not supported yet", role)
	}
	q.Limit = maps.Clone(q.Guarantee)
	return role, q, nil
}

func (q Quota) guaranteed(r *mesosv1.Resource) error {
	one := map[string]*mesosv1.Value_Scalar{r.GetName(): r.GetScalar()}
	if err := tooLarge(one); err != nil {
		return err
	}
	read, err := amounts("guarantee", one)
	maps.Copy(q.Guarantee, read)
	return err
}

func requestProblem(wire *quota.QuotaRequest, check func(role string) error) error {
	if wire.Role == nil {
		return wrong("QuotaInfo must specify a role")
	}
	if err := check(wire.GetRole()); err != nil {
		return wrong("QuotaInfo with invalid role: %v", err)
	}
	if len(wire.GetGuarantee()) == 0 {
		return wrong("QuotaInfo with empty 'guarantee'")
	}
	return nil
}

// CheckTree says whether every role's guarantee has room for those of the roles below it, and no limit is larger than the
// one above it. The sentences are Mesos's.
func CheckTree(quotas map[string]Quota) error {
	children := map[string]Amounts{}
	for _, role := range slices.Sorted(maps.Keys(quotas)) {
		q := quotas[role]
		i := strings.LastIndexByte(role, '/')
		if i < 0 {
			continue
		}
		parent := role[:i]
		children[parent] = children[parent].Plus(q.Guarantee)
		for top := parent; top != ""; top = above(top) {
			if limit := quotas[top].Limit; !limit.Allows(q.Guarantee) {
				return fault.New(fault.Invalid, "Invalid quota configuration. Role '%s' with guarantees (%s) does not fit into the limits (%s) of role '%s'",
					role, q.Guarantee, limit, top)
			}
		}
	}
	for _, parent := range slices.Sorted(maps.Keys(children)) {
		if own := quotas[parent].Guarantee; !own.Contains(children[parent]) {
			return fault.New(fault.Invalid,
				"Invalid quota configuration. Parent role '%s' with guarantees (%s) does not contain the sum of its children's guarantees (%s)",
				parent, own, children[parent])
		}
	}
	return nil
}

// above is the role that a role is directly below, "" at the top.
func above(role string) string { return role[:max(0, strings.LastIndexByte(role, '/'))] }

// TotalGuarantee sums the guarantees of the roles at the top of the tree: those below are parts of theirs.
func TotalGuarantee(quotas map[string]Quota) Amounts {
	total := Amounts{}
	for role, q := range quotas {
		if !strings.Contains(role, "/") {
			total = total.Plus(q.Guarantee)
		}
	}
	return total
}

// wrong is a rule of Mesos's that is broken, in its words.
func wrong(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
