// emptyDir: a folder on the node's disk, or in memory, that lives as long as its pod.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "reference/api/text/quantity.h"
#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {
namespace {

std::string memory_options(const corev1::EmptyDirVolumeSource& source) {
  if (!source.sizeLimit) return "";
  const auto limit = api::Quantity::parse(source.sizeLimit.text);
  return limit.ok() && limit->sign() > 0 ? "size=" + std::to_string(limit->value()) : "";
}

class EmptyDir final : public EphemeralVolumePlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/empty-dir"; }
  bool supports(const VolumeSpec& spec) const override { return static_cast<bool>(spec.volume.volumeSource.emptyDir); }

  Status set_up(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const override {
    const auto& source = *spec.volume.volumeSource.emptyDir;
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(Code::internal, "making " + path + ": " + error.message());
    if (source.medium == "Memory" && !PLUMB_TRY(tools.mounter.is_mount_point(path))) PLUMB_TRY(tools.mounter.mount_memory(path, memory_options(source)));
    const auto group = fs_group(context.pod);
    if (group >= 0 && chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) < 0) return fail_errno("giving " + path + " to its group");
    if (chmod(path.c_str(), group >= 0 ? 02777 : 0777) < 0) return fail_errno("changing the mode of " + path);
    return {};
  }
};

const Registered<VolumePlugin> registered_empty_dir{"kubernetes.io/empty-dir", [] { return std::make_unique<EmptyDir>(); }};

}  // namespace
}  // namespace plumb::kubelet
