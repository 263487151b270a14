package supervisor

import (
	"context"
	"fmt"

	"codeberg.org/reeve/reeve/agentd/image"
	"codeberg.org/reeve/reeve/agentd/image/layer"
	"codeberg.org/reeve/reeve/agentd/image/store"
	"codeberg.org/reeve/reeve/agentd/launch"
	"codeberg.org/reeve/reeve/agentd/runtime"
	"codeberg.org/reeve/reeve/agentd/sandbox"
	"codeberg.org/reeve/reeve/agentd/workload"
	"codeberg.org/reeve/reeve/shared/fault"
	"codeberg.org/reeve/reeve/shared/reeveapi"
)

// enterImages brings what a container needs of images here.
func (w *worker) enterImages(ctx context.Context, eff *workload.Start) error {
	if err := w.enterImage(ctx, eff); err != nil {
		return err
	}
	return w.fillVolumes(ctx, eff)
}

// enterImage brings a container's image here and settles what depends on it: the command, the user, where it starts.
func (w *worker) enterImage(ctx context.Context, eff *workload.Start) error {
	if eff.Image == nil {
		return nil
	}
	img, err := w.pull(ctx, eff, eff.Image.Ask, "")
	if err != nil {
		return err
	}
	who, err := account(eff.Image, img, eff.Owner)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "image %s", img.Name)
	}
	as := runtime.Identity{UID: uint32(who.UID), GID: uint32(who.GID)}
	for _, gid := range who.Groups {
		as.Groups = append(as.Groups, uint32(gid))
	}
	if eff.Spec, err = eff.Image.Complete(eff.Spec, img, as); err != nil {
		return err
	}
	eff.Spec.Env = eff.Image.Home(eff.Spec.Env, who.Home)
	eff.Owner = fmt.Sprintf("%d:%d", who.UID, who.GID)
	return w.set.cfg.Give(eff.Spec.Sandbox, eff.Owner)
}

// pull brings an image here, for the container or for a volume at a path in it.
func (w *worker) pull(ctx context.Context, eff *workload.Start, ask image.Ask, path string) (image.Image, error) {
	if w.set.cfg.Images == nil {
		return image.Image{}, fault.New(fault.Unsupported, "image %s cannot be run: this agent has no images", ask.Name)
	}
	img, err := w.set.cfg.Images.Pull(ctx, w.id, ask, func(p store.Progress) {
		w.set.post(ctx, workload.Pulling{Container: w.id, Done: p.Done, Total: p.Total})
	})
	if err == nil {
		w.remember(w.set.cfg.Origins.Image(runOf(eff.Spec.Sandbox), w.id, reeveapi.ContainerImage{
			Name: ask.Name, Digest: img.Digest, Bytes: img.Bytes, PulledBytes: img.Pulled, Seconds: img.Took.Seconds(), Path: path,
		}))
	}
	return img, err
}

// fillVolumes brings the images here that a container has as volumes.
func (w *worker) fillVolumes(ctx context.Context, eff *workload.Start) error {
	for _, v := range eff.Images {
		img, err := w.pull(ctx, eff, v.Ask, eff.Spec.Mounts[v.Mount].Target)
		if err != nil {
			return err
		}
		eff.Spec.Mounts[v.Mount].Layers = img.Layers
	}
	return nil
}

// account is who a container in an image runs as: whom the command names, in the image or else on the host; whom the image
// names; or who it would be without an image. An image cannot make root of somebody who is not.
func account(in *launch.Inside, img image.Image, owner string) (layer.Account, error) {
	if in.SwitchUser && in.User != "" {
		who, err := layer.Lookup(img.Layers, in.User)
		if fault.KindOf(err) != fault.NotFound {
			return who, err
		}
		host, herr := onHost(in.User, img)
		if herr != nil {
			return layer.Account{}, fault.New(fault.Invalid, "user %q exists neither in the image nor on this host", in.User)
		}
		return host, nil
	}
	host, err := onHost(owner, img)
	if err != nil || !in.SwitchUser || img.Config.User == "" {
		return host, err
	}
	who, err := layer.Lookup(img.Layers, img.Config.User)
	if err == nil && who.UID == 0 && host.UID != 0 {
		return host, nil
	}
	return who, err
}

// onHost is a user of the host in an image: the numbers are the host's, and so are the groups.
func onHost(name string, img image.Image) (layer.Account, error) {
	owner, err := sandbox.Lookup(name)
	if err != nil {
		return layer.Account{}, err
	}
	who := layer.Account{UID: owner.UID, GID: owner.GID, Groups: owner.Groups, Home: "/"}
	if inside, err := layer.Lookup(img.Layers, fmt.Sprintf("%d:%d", owner.UID, owner.GID)); err == nil {
		who.Home = inside.Home
	}
	return who, nil
}
