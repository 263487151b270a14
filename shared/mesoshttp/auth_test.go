package mesoshttp

import "testing"

func TestAuthenticationWithoutSecretsLetsNobodyIn(t *testing.T) {
	if g := NewAuthenticator(true, "realm", nil); g.Secrets == nil || g.Realm != "realm" {
		t.Errorf("got %+v: without secrets nobody is asked, and everybody gets in", g)
	}
	if g := NewAuthenticator(false, "realm", map[string]string{"a": "b"}); g.Secrets != nil {
		t.Errorf("got %+v, want nobody asked", g)
	}
}
