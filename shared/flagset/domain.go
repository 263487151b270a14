package flagset

import (
	"os"
	"strings"

	"codeberg.org/reeve/reeve/shared/codec"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/mesosv1"
)

// parseDomain reads the value of --domain as Mesos takes it: a DomainInfo in JSON, or the path of a file that holds one. It
// answers nil for "".
func parseDomain(text string) (*mesosv1.DomainInfo, error) {
	if text == "" {
		return nil, nil
	}
	data := []byte(text)
	if path := strings.TrimPrefix(text, "file://"); strings.HasPrefix(path, "/") {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "read --domain")
		}
	}
	domain := &mesosv1.DomainInfo{}
	err := codec.JSON.Unmarshal(data, domain)
	where := domain.GetFaultDomain()
	if err != nil || where.GetRegion().GetName() == "" || where.GetZone().GetName() == "" {
		return nil, fault.New(fault.Invalid,
			`--domain %.200q is not a domain; write {"fault_domain":{"region":{"name":"eu"},"zone":{"name":"eu-1"}}}, or the path of a file that has it`, text)
	}
	return domain, nil
}
