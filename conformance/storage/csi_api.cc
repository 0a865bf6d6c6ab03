#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(storage, csi_api,
                  {.requirement = "CSIDrivers, CSINodes, CSIStorageCapacities, StorageClasses and VolumeAttachments MUST be in discovery and be created, read, listed, "
                                  "watched, updated, patched and deleted, one by one and together, and the status of a VolumeAttachment through its subresource.",
                   .covers = {"CSIDriver, lifecycle", "CSINode, lifecycle", "CSIStorageCapacity API", "StorageClass, lifecycle", "VolumeAttachment, lifecycle",
                              "VolumeAttachment, apply changes to a volumeattachment status"},
                   .needs = {"version>=1.24"}}) {
  using namespace plumb::harness;
  const std::string group = "storage.k8s.io";
  ApiOperations drivers{group, "v1", "csidrivers", {}}, nodes{group, "v1", "csinodes", {}}, capacities{group, "v1", "csistoragecapacities", {}},
      classes{group, "v1", "storageclasses", {}};
  ApiOperations attachments{group, "v1", "volumeattachments", {}, {{"status", {{"attached", true}}}}, "/status/attached"};
  const auto object = [&](const char* kind, const std::string& name, Json fields) {
    fields["apiVersion"] = group + "/v1";
    fields["kind"] = kind;
    fields["metadata"]["name"] = name;
    return fields;
  };
  for (const char* name : {"one", "two", "three"}) {
    const std::string unique = c.unique(name);
    drivers.objects.push_back(object("CSIDriver", unique, {{"spec", {{"attachRequired", false}}}}));
    nodes.objects.push_back(object("CSINode", unique, {{"spec", {{"drivers", {{{"name", "plumb.io"}, {"nodeID", name}, {"topologyKeys", {"plumb.io/zone"}}}}}}}}));
    capacities.objects.push_back(object("CSIStorageCapacity", name, {{"storageClassName", unique}, {"capacity", "1Gi"}, {"nodeTopology", Json::object()}}));
    classes.objects.push_back(object("StorageClass", unique, {{"provisioner", "plumb.io/nobody"}}));
    attachments.objects.push_back(object("VolumeAttachment", unique,
                                         {{"spec", {{"attacher", "plumb.io"}, {"nodeName", "plumb-nowhere"}, {"source", {{"persistentVolumeName", unique}}}}}}));
  }
  for (const ApiOperations& api : {drivers, nodes, capacities, classes, attachments}) expect_api_operations(c, api);

  const Json made = c.create(object("StorageClass", c.unique("plain"), {{"provisioner", "plumb.io/nobody"}}));
  EXPECT_EQ(text_at(made, "/reclaimPolicy"), "Delete");
  EXPECT_EQ(text_at(made, "/volumeBindingMode"), "Immediate");
  const Resource in{group + "/v1", "storageclasses", ""};
  c.refused(c.client().patch(in, name_of(made), PatchKind::merge, {{"provisioner", "plumb.io/other"}}), 422, "Invalid");
}
