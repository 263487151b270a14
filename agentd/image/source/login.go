package source

import (
	"bytes"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/shared/fault"
)

// login is who we are for a registry: whom the framework names, else what its own configuration says, else the agent's.
func (s *Sources) login(repository name.Repository, ask image.Ask) (authn.Authenticator, error) {
	if ask.Username != "" {
		return authn.FromConfig(authn.AuthConfig{Username: ask.Username, Password: ask.Password}), nil
	}
	own, err := readDockerConfig(ask.Config)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the docker config that came with it cannot be read: %v", err)
	}
	if own != nil {
		// What a framework sends must not choose a program that the agent runs.
		own.CredentialsStore, own.CredentialHelpers = "", nil
		if login, err := find(own, repository); err != nil || login != nil {
			return login, err
		}
	}
	agents, err := readDockerConfig(s.cfg.DockerConfig)
	if err != nil || agents == nil {
		return authn.Anonymous, err
	}
	login, err := find(agents, repository)
	if err != nil || login != nil {
		return login, err
	}
	return authn.Anonymous, nil
}

func readDockerConfig(data []byte) (*configfile.ConfigFile, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return config.LoadFromReader(bytes.NewReader(data))
}

// find looks a repository up, and then its registry; nil if there is nothing for either.
func find(file *configfile.ConfigFile, repository name.Repository) (authn.Authenticator, error) {
	for _, key := range []string{repository.String(), repository.RegistryStr()} {
		if key == name.DefaultRegistry {
			key = authn.DefaultAuthKey
		}
		auth, err := file.GetAuthConfig(key)
		if err != nil {
			return nil, fault.New(fault.Invalid, "no credentials for %s could be had: %v", repository.RegistryStr(), err)
		}
		auth.ServerAddress = "" // of the question, not of the answer
		if auth != (types.AuthConfig{}) {
			return authn.FromConfig(authn.AuthConfig{
				Username: auth.Username, Password: auth.Password, Auth: auth.Auth, IdentityToken: auth.IdentityToken, RegistryToken: auth.RegistryToken,
			}), nil
		}
	}
	return nil, nil
}
