#include "reference/controllers/persistentvolumebinder/in_tree.h"

#include <utility>

namespace plumb::controllers::persistentvolumebinder {

std::string_view external_driver(std::string_view provisioner) {
  constexpr std::string_view built_in = "kubernetes.io/";
  constexpr std::pair<std::string_view, std::string_view> successors[] = {
      {"aws-ebs", "ebs.csi.aws.com"},         {"azure-disk", "disk.csi.azure.com"},       {"azure-file", "file.csi.azure.com"},
      {"cinder", "cinder.csi.openstack.org"}, {"gce-pd", "pd.csi.storage.gke.io"},        {"portworx-volume", "pxd.portworx.com"},
      {"vsphere-volume", "csi.vsphere.vmware.com"},
  };
  if (!provisioner.starts_with(built_in)) return provisioner;
  for (const auto& [name, driver] : successors)
    if (provisioner.substr(built_in.size()) == name) return driver;
  return {};
}

}  // namespace plumb::controllers::persistentvolumebinder
