package consensus

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"codeberg.org/reeve/reeve/shared/fault"
)

// identityFile lies in the work dir, next to the raft directory.
const identityFile = "identity.json"

// Identity says who this master is. It is as old as the raft log beside it: a master whose disk was lost is a new one,
// for the old one's vote can't be taken back.
type Identity struct {
	Node      string `json:"node"`                 // raft id
	Cluster   string `json:"cluster"`              // --cluster at the first start
	ClusterID string `json:"cluster_id,omitempty"` // known once a leader was elected
}

// ShortCluster is enough of the cluster's id to tell two clusters apart, "" while it is not known.
func (i Identity) ShortCluster() string { return i.ClusterID[:min(8, len(i.ClusterID))] }

// LoadIdentity reads the identity of a work dir, or makes a new one. A work dir of a cluster of another name is refused.
func LoadIdentity(dir, cluster string) (Identity, error) {
	id, err := readIdentity(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, raftDir)); err == nil {
			return Identity{}, fault.New(fault.Conflict,
				"--work-dir %s has a raft log but no %s; restore that file, or remove the directory to start as a new master", dir, identityFile)
		}
		id := Identity{Node: newNode(), Cluster: cluster}
		return id, id.save(dir)
	}
	if err != nil {
		return Identity{}, err
	}
	if id.Cluster != cluster {
		return Identity{}, fault.New(fault.Conflict,
			"--work-dir %s belongs to cluster %q, not %q; give --cluster %s, or another --work-dir", dir, id.Cluster, cluster, id.Cluster)
	}
	return id, nil
}

// readIdentity reads the identity of a work dir. The error is fs.ErrNotExist if it has none.
func readIdentity(dir string) (Identity, error) {
	path := filepath.Join(dir, identityFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return Identity{}, fmt.Errorf("read the identity of this master: %w", err)
	}
	var id Identity
	if err := json.Unmarshal(data, &id); err != nil || id.Node == "" {
		return Identity{}, fault.New(fault.Invalid, "%s is damaged; restore it, or remove --work-dir %s to start as a new master", path, dir)
	}
	return id, nil
}

// newNode is shorter than a UUID, because it is a gossip tag.
func newNode() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

func (i Identity) save(dir string) error {
	data, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("encode the identity of this master: %w", err)
	}
	tmp, err := os.CreateTemp(dir, identityFile+".*")
	if err != nil {
		return fmt.Errorf("write the identity of this master: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, identityFile))
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the write has failed already, and says so
		return fmt.Errorf("write the identity of this master: %w", err)
	}
	return nil
}
