package httpapi

// ReeveRoutes lists "METHOD path" of every route of /reeve/v1.
func ReeveRoutes() []string {
	var all []string
	for _, r := range (&api{}).reeveRoutes() {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}
