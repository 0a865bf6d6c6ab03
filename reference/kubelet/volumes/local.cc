// Local persistent volumes: a folder of the node, shown in the pod's; a block device, by the file system on it or as it is.
#include <filesystem>

#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr char kDefaultType[] = "ext4";

class Local final : public VolumePlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/local-volume"; }
  bool supports(const VolumeSpec& spec) const override { return spec.persistent && spec.persistent->spec.persistentVolumeSource.local; }
  bool supports_block() const override { return true; }
  std::string path(const VolumeSpec& spec, const std::string& folder) const override { return spec.is_block() ? source_of(spec).path.str() : folder; }

  Status set_up(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const override {
    const std::string source = source_of(spec).path.str();
    std::error_code error;
    const auto status = fs::status(source, error);
    if (!fs::exists(status)) return fail(Code::not_found, "path \"" + source + "\" does not exist");
    if (spec.is_block())
      return fs::is_block_file(status) ? Status() : Status(fail(Code::invalid_argument, "path \"" + source + "\" is not a block device, as volumeMode Block needs"));
    if (!fs::is_directory(status) && !fs::is_block_file(status))
      return fail(Code::invalid_argument, "path \"" + source + "\" is neither a directory nor a block device");
    PLUMB_TRY(mount_once(tools.mounter, path, [&] {
      return fs::is_directory(status) ? tools.mounter.bind(source, path, read_only(spec)) : mount_device(spec, source, path, tools.mounter);
    }));
    return read_only(spec) ? Status() : own_by_fs_group(context.pod, path, false);
  }

 private:
  static const corev1::LocalVolumeSource& source_of(const VolumeSpec& spec) { return *spec.persistent->spec.persistentVolumeSource.local; }

  Status mount_device(const VolumeSpec& spec, const std::string& device, const std::string& path, Mounter& mounter) const {
    std::vector<std::string> options;
    for (const auto& option : spec.persistent->spec.mountOptions) options.push_back(option.str());
    if (read_only(spec)) options.emplace_back("ro");
    const std::string type = source_of(spec).fsType.value_or("").str();
    return mounter.mount_device(device, path, type.empty() ? kDefaultType : type, options);
  }
};

const Registered<VolumePlugin> registered_local_volume{"kubernetes.io/local-volume", [] { return std::make_unique<Local>(); }};

}  // namespace
}  // namespace plumb::kubelet
