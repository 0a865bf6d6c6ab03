// NFS, in a pod or of a persistent volume. The node needs the kernel's client and mount's helper for it, as upstream's does.
#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {
namespace {

const corev1::NFSVolumeSource* nfs_of(const VolumeSpec& spec) {
  return spec.persistent ? spec.persistent->spec.persistentVolumeSource.nfs.get() : spec.volume.volumeSource.nfs.get();
}

class Nfs final : public VolumePlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/nfs"; }
  bool supports(const VolumeSpec& spec) const override { return nfs_of(spec) != nullptr; }
  bool read_only(const VolumeSpec& spec) const override { return spec.claimed_read_only() || nfs_of(spec)->readOnly; }

  Status set_up(const VolumeSpec& spec, const FieldContext&, const std::string& path, VolumeTools& tools) const override {
    const auto& source = *nfs_of(spec);
    std::string server = source.server.str();
    if (server.find(':') != server.npos && !server.starts_with('[')) server = "[" + server + "]";
    std::vector<std::string> options;
    if (spec.persistent)
      for (const auto& option : spec.persistent->spec.mountOptions) options.push_back(option.str());
    if (read_only(spec)) options.emplace_back("ro");
    return mount_once(tools.mounter, path, [&]() -> Status {
      const Status done = tools.mounter.mount("nfs", server + ":" + source.path.str(), path, options);
      if (done.ok()) return {};
      return Error(done.error()).in("mounting NFS needs a kernel with its client, the package nfs-common and a server that answers");
    });
  }
};

const Registered<VolumePlugin> registered_nfs{"kubernetes.io/nfs", [] { return std::make_unique<Nfs>(); }};

}  // namespace
}  // namespace plumb::kubelet
