// Package packaging is how Reeve comes to machines: what is in a .deb and an .rpm (nfpm.yaml), how they are built
// (build.sh), the units, default settings and scripts in them, and the virtual machine that they are tried in (box). It has no
// Go code but tests of those files, and in sbom the program that lists what is inside. Start reading at nfpm.yaml.
package packaging
