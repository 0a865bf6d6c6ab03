// hostPath, in a pod or of a persistent volume: a path of the node, used where it is.
#include <filesystem>
#include <fstream>

#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

const corev1::HostPathVolumeSource* host_path_of(const VolumeSpec& spec) {
  return spec.persistent ? spec.persistent->spec.persistentVolumeSource.hostPath.get() : spec.volume.volumeSource.hostPath.get();
}

Status check_host_path(const corev1::HostPathVolumeSource& source) {
  const std::string path = source.path.str(), type = source.type.value_or("").str();
  std::error_code error;
  if (type == "DirectoryOrCreate") {
    fs::create_directories(path, error);
    return fs::is_directory(path, error) ? Status() : Status(fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a directory"));
  }
  if (type == "FileOrCreate") {
    if (!fs::exists(path, error)) std::ofstream(path).flush();
    return fs::is_regular_file(path, error) ? Status() : Status(fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a file"));
  }
  const auto status = fs::status(path, error);
  const std::pair<const char*, bool> checks[] = {{"Directory", fs::is_directory(status)}, {"File", fs::is_regular_file(status)}, {"Socket", fs::is_socket(status)},
                                                 {"CharDevice", fs::is_character_file(status)}, {"BlockDevice", fs::is_block_file(status)}};
  for (const auto& [name, holds] : checks)
    if (type == name && !holds) return fail(Code::invalid_argument, "hostPath type check failed: " + path + " is not a " + name);
  return {};
}

class HostPath final : public VolumePlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/host-path"; }
  bool supports(const VolumeSpec& spec) const override { return host_path_of(spec) != nullptr; }
  std::string path(const VolumeSpec& spec, const std::string&) const override { return host_path_of(spec)->path.str(); }
  Status set_up(const VolumeSpec& spec, const FieldContext&, const std::string&, VolumeTools&) const override { return check_host_path(*host_path_of(spec)); }
};

const Registered<VolumePlugin> registered_host_path{"kubernetes.io/host-path", [] { return std::make_unique<HostPath>(); }};

}  // namespace
}  // namespace plumb::kubelet
