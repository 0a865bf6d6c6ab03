// Parts of volumes for single mounts (subPath, subPathExpr), safe against containers that change the volume meanwhile: what a sub-path names is opened
// without ever leaving the volume, and this very file or folder is shown at a path of the kubelet's own, <pod's folder>/volume-subpaths/<volume>/
// <container>/<number of the mount>, as upstream has it. The runtime gets that path.
#pragma once

#include <string>

#include "reference/kubelet/volumes/mounter.h"

namespace plumb::kubelet {

struct SubPath {
  std::string pod_dir, volume, container;
  std::size_t number = 0;  // of the container's mount
  std::string volume_path; // where the volume lies
  std::string relative;    // what is wanted of it; made, as a folder, when it is missing and the volume may be written
  bool read_only = false;
};

// Answers the path to give to the runtime. permission_denied when it leads out of the volume.
Result<std::string> set_up_sub_path(const SubPath& wanted, Mounter& mounter);
// Of all containers. The volumes themselves stay as they are.
Status tear_down_sub_paths(const std::string& pod_dir, Mounter& mounter);

}  // namespace plumb::kubelet
