package httpapi

// ReeveRoutes lists the routes of /reeve/v1, for the test that holds them and their description together.
func ReeveRoutes() (all []string) {
	for _, r := range (&api{}).reeveRoutes() {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}
