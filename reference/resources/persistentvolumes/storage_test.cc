// The resources of storage: defaults, rules, columns.
#include <gtest/gtest.h>

#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const std::string volumes = "persistentvolumes", claims = "persistentvolumeclaims", classes = "storageclasses.storage.k8s.io",
                  attachments = "volumeattachments.storage.k8s.io", nodes = "csinodes.storage.k8s.io", drivers = "csidrivers.storage.k8s.io",
                  capacities = "csistoragecapacities.storage.k8s.io", attributes = "volumeattributesclasses.storage.k8s.io";
constexpr std::string_view subdomain_problem =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

std::string volume(std::string_view more) {
  return R"({"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],)" + std::string(more) + "}}";
}
std::string claim(std::string_view more, std::string_view status = "{}") {
  return R"({"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],)" + std::string(more) + "},\"status\":" + std::string(status) + "}";
}
constexpr std::string_view host_path = R"("hostPath":{"path":"/data"})";
constexpr std::string_view one_gi = R"("resources":{"requests":{"storage":"1Gi"}})";

TEST(PersistentVolumes, Defaults) {
  expect_defaults(volumes, volume(host_path),
                  {{"/spec/persistentVolumeReclaimPolicy", "\"Retain\""}, {"/spec/volumeMode", "\"Filesystem\""}, {"/spec/hostPath/type", "\"\""}, {"/status/phase", "\"Pending\""}});
}

TEST(PersistentVolumes, SpecHasOneWellFormedSource) {
  const auto spec = [](std::string_view more) { return causes(volumes, volume(more)); };
  EXPECT_EQ(spec(host_path), Lines{});
  EXPECT_EQ(causes(volumes, R"({"spec":{"hostPath":{"path":"/d"}}})"),
            (Lines{"spec.accessModes: Required value", "spec.capacity: Required value", "spec.capacity: Unsupported value: null: supported values: \"storage\""}));
  EXPECT_EQ(spec(R"("nodeAffinity":null)"), Lines{"spec: Required value: must specify a volume type"});
  EXPECT_EQ(spec(R"("hostPath":{"path":"/d"},"nfs":{"server":"s","path":"/p"})"), Lines{"spec.nfs: Forbidden: may not specify more than 1 volume type"});
  EXPECT_EQ(spec(R"("hostPath":{"path":"/a/../b"})"), Lines{"spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"});
  EXPECT_EQ(spec(R"("nfs":{"server":"","path":"p"})"),
            (Lines{"spec.nfs.server: Required value", "spec.nfs.path: Invalid value: \"p\": must be an absolute path"}));
  EXPECT_EQ(spec(R"("local":{"path":"/d"})"), Lines{"spec.nodeAffinity: Required value: Local volume requires node affinity"});
  EXPECT_EQ(spec(R"("local":{"path":"/d"},"nodeAffinity":{})"), Lines{"spec.nodeAffinity.required: Required value: must specify required node constraints"});
  EXPECT_EQ(spec(R"("local":{"path":"/d"},"nodeAffinity":{"required":{"nodeSelectorTerms":[]}})"),
            Lines{"spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term"});
  EXPECT_EQ(spec(R"("csi":{"driver":"","volumeHandle":"","nodeStageSecretRef":{"name":"a"},"nodePublishSecretRef":{"name":"a"}})"),
            (Lines{"spec.csi.driver: Required value", "spec.csi.volumeHandle: Required value", "spec.csi.nodePublishSecretRef.namespace: Required value"}));
  EXPECT_EQ(spec(R"("awsElasticBlockStore":{"volumeID":""})"), Lines{"spec.awsElasticBlockStore.volumeID: Required value"});
  EXPECT_EQ(spec(R"("hostPath":{"path":"/"},"persistentVolumeReclaimPolicy":"Recycle")"),
            Lines{"spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"});
  EXPECT_EQ(spec(R"("hostPath":{"path":"/d"},"storageClassName":"A")"), Lines{"spec.storageClassName: Invalid value: \"A\": " + std::string(subdomain_problem)});
  EXPECT_EQ(spec(R"("hostPath":{"path":"/d"},"volumeAttributesClassName":"a")"),
            Lines{"spec.csi: Required value: has to be specified when using volumeAttributesClassName"});
  EXPECT_EQ(causes(volumes, R"({"spec":{"capacity":{"storage":"0"},"accessModes":["ReadWriteOncePod","ReadWriteOnce"],"hostPath":{"path":"/d"}}})"),
            (Lines{"spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
                   "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero"}));
}

TEST(PersistentVolumes, TheSourceModeAndNodeStay) {
  const auto change = [](std::string_view before, std::string_view after) { return update_causes(volumes, volume(before), volume(after)); };
  const std::string local = R"("local":{"path":"/d"},"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}]}})";
  std::string elsewhere = local;
  elsewhere.replace(elsewhere.find("\"k\""), 3, "\"z\"");
  EXPECT_EQ(change(host_path, R"("hostPath":{"path":"/data"},"persistentVolumeReclaimPolicy":"Delete","storageClassName":"x")"), Lines{});
  EXPECT_EQ(change(host_path, R"("hostPath":{"path":"/other"})"),
            Lines{"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"});
  EXPECT_EQ(change(host_path, R"("hostPath":{"path":"/data"},"volumeMode":"Block")"), Lines{"volumeMode: Invalid value: \"Block\": field is immutable"});
  EXPECT_EQ(change(local, elsewhere), Lines{"nodeAffinity: Invalid value: null: field is immutable"});
  EXPECT_EQ(change(R"("csi":{"driver":"d","volumeHandle":"h"})", R"("csi":{"driver":"d","volumeHandle":"h","controllerExpandSecretRef":{"name":"a","namespace":"b"}})"),
            Lines{});
}

TEST(PersistentVolumeClaims, DefaultsAndSources) {
  expect_defaults(claims, claim(one_gi), {{"/spec/volumeMode", "\"Filesystem\""}, {"/status/phase", "\"Pending\""}, {"/spec/dataSourceRef", ""}});
  expect_defaults(claims, claim(R"("dataSource":{"kind":"PersistentVolumeClaim","name":"a"})"), {{"/spec/dataSourceRef/name", "\"a\""}});
  expect_defaults(claims, claim(R"("dataSourceRef":{"apiGroup":"g.io","kind":"K","name":"a"})"), {{"/spec/dataSource/apiGroup", "\"g.io\""}});
  EXPECT_EQ(causes(claims, claim(R"("resources":{"requests":{"storage":"1"}},"dataSource":{"kind":"Pod","name":""})")),
            (Lines{"spec.dataSource.name: Required value", "spec.dataSource: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
                   "spec.dataSourceRef.name: Required value",
                   "spec.dataSourceRef: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"}));
}

TEST(PersistentVolumeClaims, Spec) {
  EXPECT_EQ(causes(claims, R"({"spec":{}})"), (Lines{"spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"}));
  EXPECT_EQ(causes(claims, claim(R"("resources":{"requests":{"storage":"0"}},"storageClassName":"A")")),
            (Lines{"spec.resources[storage]: Invalid value: \"0\": must be greater than zero", "spec.storageClassName: Invalid value: \"A\": " + std::string(subdomain_problem)}));
  EXPECT_EQ(causes(claims, claim(R"("resources":{"requests":{"storage":"1"}},"storageClassName":"")")), Lines{});
}

TEST(PersistentVolumeClaims, WhatMayChange) {
  const std::string immutable = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  const auto sized = [](std::string_view size, std::string_view more, bool bound) {
    return claim("\"resources\":{\"requests\":{\"storage\":\"" + std::string(size) + "\"}}" + std::string(more),
                 bound ? R"({"phase":"Bound","capacity":{"storage":"1Gi"}})" : R"({"phase":"Pending"})");
  };
  const auto change = [](const std::string& before, const std::string& after) { return update_causes(claims, before, after); };
  EXPECT_EQ(change(sized("1Gi", "", true), sized("2Gi", "", true)), Lines{});
  EXPECT_EQ(change(sized("1Gi", "", false), sized("2Gi", "", false)), Lines{immutable}) << "not bound";
  EXPECT_EQ(change(sized("3Gi", "", true), sized("2Gi", "", true)), Lines{}) << "back from an expansion that failed";
  EXPECT_EQ(change(sized("2Gi", "", true), sized("1Gi", "", true)), Lines{"spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"});
  EXPECT_EQ(change(sized("1Gi", "", false), sized("1Gi", R"(,"volumeName":"v")", false)), Lines{});
  EXPECT_EQ(change(sized("1Gi", R"(,"volumeName":"v")", false), sized("1Gi", R"(,"volumeName":"w")", false)), Lines{immutable});
  EXPECT_EQ(change(sized("1Gi", "", false), sized("1Gi", R"(,"storageClassName":"s")", false)), Lines{}) << "the default class, later";
  EXPECT_EQ(change(sized("1Gi", R"(,"storageClassName":"")", false), sized("1Gi", R"(,"storageClassName":"s")", false)), Lines{immutable});
  EXPECT_EQ(change(sized("1Gi", R"(,"storageClassName":"a")", true), sized("1Gi", R"(,"storageClassName":"b")", true)), Lines{immutable});
  EXPECT_EQ(change(sized("1Gi", R"(,"volumeMode":"Block")", true), sized("1Gi", "", true)), (Lines{immutable, "volumeMode: Invalid value: \"Filesystem\": field is immutable"}));
  EXPECT_EQ(change(sized("1Gi", R"(,"volumeAttributesClassName":"a")", true), sized("1Gi", R"(,"volumeAttributesClassName":"b")", true)), Lines{});
}

TEST(StorageClasses, Rules) {
  EXPECT_EQ(causes(classes, R"({"provisioner":"Example.com/p","allowedTopologies":[{"matchLabelExpressions":[{"key":"zone","values":["a"]}]}]})"), Lines{});
  EXPECT_EQ(causes(classes, R"({"provisioner":""})"), Lines{"provisioner: Required value"});
  EXPECT_EQ(causes(classes, R"({"provisioner":"p","parameters":{"":"x"}})"), Lines{"parameters: Invalid value: \"\": field can not be empty."});
  EXPECT_EQ(causes(classes, R"({"provisioner":"p","allowedTopologies":[{"matchLabelExpressions":[{"key":"z","values":["a","a"]},{"key":"z","values":[]}]}]})"),
            (Lines{"allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: \"a\"",
                   "allowedTopologies[0].matchLabelExpressions[1].values: Required value", "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"z\""}));
  EXPECT_EQ(update_causes(classes, R"({"provisioner":"p"})", R"({"provisioner":"q","reclaimPolicy":"Retain","parameters":{"a":"b"},"volumeBindingMode":"WaitForFirstConsumer"})"),
            (Lines{"parameters: Forbidden: updates to parameters are forbidden.", "provisioner: Forbidden: updates to provisioner are forbidden.",
                   "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.", "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"}));
  EXPECT_EQ(update_causes(classes, R"({"provisioner":"p"})", R"({"provisioner":"p","allowVolumeExpansion":true})"), Lines{});
}

TEST(VolumeAttachments, Rules) {
  const auto spec = [](std::string_view source) { return R"({"spec":{"attacher":"a.io","nodeName":"n","source":)" + std::string(source) + "}}"; };
  const std::string good = spec(R"({"persistentVolumeName":"v"})");
  EXPECT_EQ(causes(attachments, good), Lines{});
  EXPECT_EQ(causes(attachments, R"({"spec":{}})"),
            (Lines{"spec.attacher: Required value", "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName", "spec.nodeName: Required value"}));
  EXPECT_EQ(causes(attachments, spec(R"({"persistentVolumeName":"v","inlineVolumeSpec":{}})")),
            Lines{"spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName"});
  EXPECT_EQ(causes(attachments, spec(R"({"inlineVolumeSpec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1"},"hostPath":{"path":"/d"}}})")),
            (Lines{"spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
                   "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes"}));
  EXPECT_EQ(update_causes(attachments, good, spec(R"({"persistentVolumeName":"w"})")), Lines{"spec: Invalid value: null: field is immutable"});
  EXPECT_EQ(cells(attachments, good, time("2024-01-01T00:00:00Z")), (Lines{"", "a.io", "v", "n", "false", "<unknown>"}));
}

TEST(CSINodes, Rules) {
  const auto driver = [](std::string_view more) { return R"({"spec":{"drivers":[{"name":"d","nodeID":"i",)" + std::string(more) + R"("topologyKeys":["k"]}]}})"; };
  EXPECT_EQ(causes(nodes, driver("")), Lines{});
  EXPECT_EQ(causes(nodes, R"({"spec":{"drivers":[{"name":"d","nodeID":"","topologyKeys":["k","k"],"allocatable":{"count":-1}},{"name":"d","nodeID":"x"}]}})"),
            (Lines{"spec.drivers[0].nodeID: Required value", "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
                   "spec.drivers[0].topologyKeys: Duplicate value: \"k\"", "spec.drivers[1].name: Duplicate value: \"d\""}));
  EXPECT_EQ(update_causes(nodes, driver(""), driver(R"("allocatable":{"count":3},)")), Lines{});
  EXPECT_EQ(update_causes(nodes, driver(""), R"({"spec":{"drivers":[{"name":"d","nodeID":"other"}]}})"), Lines{"CSINodeDriver: Invalid value: \"d\": field is immutable"});
  EXPECT_EQ(update_causes(nodes, driver(""), R"({"spec":{"drivers":[]}})"), Lines{});
  EXPECT_EQ(cells(nodes, driver(""), time("2024-01-01T00:00:00Z")), (Lines{"", "1", "<unknown>"}));
}

TEST(CSIDrivers, Rules) {
  expect_defaults(drivers, R"({"metadata":{"name":"d"}})",
                  {{"/spec/attachRequired", "true"}, {"/spec/podInfoOnMount", "false"}, {"/spec/storageCapacity", "false"}, {"/spec/fsGroupPolicy", "\"ReadWriteOnceWithFSType\""},
                   {"/spec/requiresRepublish", "false"}, {"/spec/seLinuxMount", "false"}, {"/spec/volumeLifecycleModes/0", "\"Persistent\""}});
  EXPECT_EQ(causes(drivers, R"({"metadata":{"name":"d"},"spec":{"tokenRequests":[{"audience":"a","expirationSeconds":1},{"audience":"a"}],"nodeAllocatableUpdatePeriodSeconds":9}})"),
            (Lines{"spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
                   "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
                   "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"}));
  EXPECT_EQ(update_causes(drivers, R"({"metadata":{"name":"d"}})", R"({"metadata":{"name":"d"},"spec":{"attachRequired":false,"podInfoOnMount":true,"volumeLifecycleModes":["Ephemeral"]}})"),
            (Lines{"spec.attachedRequired: Invalid value: false: field is immutable", "spec.volumeLifecycleModes: Invalid value: null: field is immutable"}));
  EXPECT_EQ(cells(drivers, R"({"metadata":{"name":"d"}})", time("2024-01-01T00:00:00Z")), (Lines{"d", "true", "false", "false", "<unset>", "false", "<none>", "<unknown>"}));
}

TEST(CSIStorageCapacities, Rules) {
  EXPECT_EQ(causes(capacities, R"({"storageClassName":"s","capacity":"1Gi","nodeTopology":{}})"), Lines{});
  EXPECT_EQ(causes(capacities, R"({"storageClassName":"s","capacity":"-1","maximumVolumeSize":"-1"})"),
            (Lines{"capacity: Invalid value: \"-1\": must be greater than or equal to 0", "maximumVolumeSize: Invalid value: \"-1\": must be greater than or equal to 0"}));
  EXPECT_EQ(update_causes(capacities, R"({"storageClassName":"s"})", R"({"storageClassName":"t","nodeTopology":{}})"),
            (Lines{"nodeTopology: Invalid value: null: field is immutable", "storageClassName: Invalid value: \"t\": field is immutable"}));
  EXPECT_EQ(cells(capacities, R"({"metadata":{"name":"c"},"storageClassName":"s"})", time("2024-01-01T00:00:00Z")), (Lines{"c", "s", "<unset>"}));
}

TEST(VolumeAttributesClasses, Rules) {
  EXPECT_EQ(causes(attributes, R"({"driverName":"d.io","parameters":{"a":"b"}})"), Lines{});
  EXPECT_EQ(causes(attributes, R"({"driverName":""})"), (Lines{"driverName: Required value", "parameters: Required value: must contain at least one attribute"}));
  EXPECT_EQ(update_causes(attributes, R"({"driverName":"d","parameters":{"a":"b"}})", R"({"driverName":"e","parameters":{"a":"c"}})"),
            (Lines{"driverName: Forbidden: updates to driverName are forbidden.", "parameters: Forbidden: updates to parameters are forbidden."}));
}

}  // namespace
}  // namespace plumb::resources::testing
