#include "reference/apiserver/admission/pod_security/check.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"

namespace plumb::apiserver::pod_security {
namespace {

struct Case {
  int minor;
  std::string pod;       // as JSON
  std::string violates;  // empty: nothing
};

std::string judged(Level level, const Case& each) {
  const auto decoded = api::decode_json(corev1::Pod::info(), each.pod);
  if (!decoded.ok()) return decoded.error().message;
  const auto& pod = static_cast<const corev1::Pod&>(**decoded);
  return with_details(violations({level, each.minor}, PodView(pod.metadata, pod.spec)));
}

void expect(Level level, const std::vector<Case>& cases) {
  for (const Case& each : cases) EXPECT_EQ(judged(level, each), each.violates) << "v1." << each.minor << " " << each.pod;
}

std::string spec(const std::string& fields) { return R"({"metadata":{"name":"p"},"spec":{)" + fields + "}}"; }
// Containers a and b (an init container, or one of the third kind) with that security context or those fields.
std::string containers(const std::string& fields) { return spec(R"("initContainers":[{"name":"b",)" + fields + R"(}],"containers":[{"name":"a",)" + fields + "}]"); }
std::string contexts(const std::string& fields) { return containers(R"("securityContext":{)" + fields + "}"); }
std::string ephemeral(const std::string& fields) { return spec(R"("containers":[{"name":"a"}],"ephemeralContainers":[{"name":"e","securityContext":{)" + fields + "}}]"); }
std::string pod_context(const std::string& fields) { return spec(R"("securityContext":{)" + fields + R"(},"containers":[{"name":"a"}])"); }
std::string annotated(const std::string& annotations) { return R"({"metadata":{"name":"p","annotations":{)" + annotations + R"(}},"spec":{"containers":[{"name":"a"}]}})"; }

// A pod that is as restricted as can be, but for what is given instead of its parts.
struct Restricted {
  std::string of_pod = R"("runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"})";
  std::string of_container = R"("allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]})";
  std::string more;
  std::string json() const {
    return spec(R"("securityContext":{)" + of_pod + R"(},"containers":[{"name":"a","securityContext":{)" + of_container + "}}]" + (more.empty() ? "" : "," + more));
  }
};
std::string with_pod(const std::string& fields) { return Restricted{.of_pod = fields}.json(); }
std::string with_container(const std::string& fields) { return Restricted{.of_container = fields}.json(); }
std::string with(const std::string& fields) { return Restricted{.more = fields}.json(); }
constexpr auto* windows = R"("os":{"name":"windows"},"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}])";
constexpr int latest = LevelVersion::latest;

TEST(PodSecurityChecks, HostNamespaces) {
  expect(Level::baseline, {{0, spec(R"("hostNetwork":true,"hostPID":true,"hostIPC":true,"containers":[{"name":"a"}])"), "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"},
                           {latest, spec(R"("hostPID":true,"containers":[{"name":"a"}])"), "host namespaces (hostPID=true)"},
                           {latest, spec(R"("hostPID":false,"containers":[{"name":"a"}])"), ""}});
  expect(Level::privileged, {{latest, spec(R"("hostPID":true,"containers":[{"name":"a"}])"), ""}});
}

TEST(PodSecurityChecks, HostPorts) {
  expect(Level::baseline, {{0, containers(R"("ports":[{"containerPort":1,"hostPort":80},{"containerPort":2,"hostPort":443}])"), "hostPort (containers \"b\", \"a\" use hostPorts 443, 80)"},
                           {latest, spec(R"("containers":[{"name":"a","ports":[{"containerPort":1,"hostPort":80}]}])"), "hostPort (container \"a\" uses hostPort 80)"},
                           {latest, containers(R"("ports":[{"containerPort":1}])"), ""}});
}

TEST(PodSecurityChecks, HostPathVolumes) {
  const std::string one = spec(R"("volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[{"name":"a"}])");
  expect(Level::baseline, {{0, one, "hostPath volumes (volume \"v\")"},
                           {latest, spec(R"("volumes":[{"name":"v","hostPath":{"path":"/"}},{"name":"w","hostPath":{"path":"/"}},{"name":"x","nfs":{"path":"/","server":"s"}}],"containers":[])"),
                            "hostPath volumes (volumes \"v\", \"w\")"},
                           {latest, spec(R"("volumes":[{"name":"v","emptyDir":{}}],"containers":[])"), ""}});
}

TEST(PodSecurityChecks, HostsOfProbesAndHooks) {
  const std::string probe = R"("readinessProbe":{"httpGet":{"port":1,"host":"10.0.0.1"}})";
  const std::string hooks = R"("lifecycle":{"postStart":{"tcpSocket":{"port":1,"host":"h"}},"preStop":{"httpGet":{"port":1,"host":"g"}}})";
  expect(Level::baseline, {{33, containers(probe), ""},
                           {34, containers(probe), "probe or lifecycle host (containers \"a\", \"b\" use probe or lifecycle host \"10.0.0.1\")"},
                           {34, spec(R"("containers":[{"name":"a",)" + hooks + "}]"), "probe or lifecycle host (container \"a\" uses probe or lifecycle hosts \"g\", \"h\")"},
                           {latest, spec(R"("containers":[{"name":"a","livenessProbe":{"tcpSocket":{"port":1,"host":"h"}},"startupProbe":{"httpGet":{"port":1}}}])"),
                            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")"},
                           {latest, containers(R"("livenessProbe":{"httpGet":{"port":1}},"lifecycle":{"preStop":{"httpGet":{"port":1}}})"), ""}});
}

TEST(PodSecurityChecks, Privileged) {
  expect(Level::baseline, {{0, contexts(R"("privileged":true)"), "privileged (containers \"b\", \"a\" must not set securityContext.privileged=true)"},
                           {latest, ephemeral(R"("privileged":true)"), "privileged (container \"e\" must not set securityContext.privileged=true)"},
                           {latest, contexts(R"("privileged":false)"), ""}});
}

TEST(PodSecurityChecks, CapabilitiesBeyondTheDefault) {
  expect(Level::baseline, {{0, contexts(R"("capabilities":{"add":["SYS_TIME","NET_RAW","CHOWN"]})"),
                            "non-default capabilities (containers \"b\", \"a\" must not include \"NET_RAW\", \"SYS_TIME\" in securityContext.capabilities.add)"},
                           {latest, contexts(R"("capabilities":{"add":["AUDIT_WRITE","CHOWN","DAC_OVERRIDE","FOWNER","FSETID","KILL","MKNOD","NET_BIND_SERVICE","SETFCAP","SETGID","SETPCAP","SETUID","SYS_CHROOT"]})"), ""}});
}

TEST(PodSecurityChecks, HostProcess) {
  expect(Level::baseline, {{0, spec(R"("securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"a","securityContext":{"windowsOptions":{"hostProcess":true}}}])"),
                            "hostProcess (pod and container \"a\" must not set securityContext.windowsOptions.hostProcess=true)"},
                           {latest, contexts(R"("windowsOptions":{"hostProcess":false})"), ""}});
}

TEST(PodSecurityChecks, AppArmor) {
  const std::string key = "\"container.apparmor.security.beta.kubernetes.io/";
  expect(Level::baseline, {{0, annotated(key + "a\":\"unconfined\"," + key + "b\":\"runtime/default\""),
                            "forbidden AppArmor profile (annotation must not set AppArmor profile type to \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")"},
                           {latest, annotated(key + "a\":\"localhost/x\"," + key + "b\":\"\""), ""},
                           {latest, pod_context(R"("appArmorProfile":{"type":"Unconfined"})"), "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")"},
                           {latest, R"({"metadata":{"annotations":{)" + key + R"(a":"x",)" + key + R"(b":"y"}},"spec":{"containers":[{"name":"a","securityContext":{"appArmorProfile":{"type":"Unconfined"}}}]}})",
                            "forbidden AppArmor profiles (container \"a\" and annotations must not set AppArmor profile type to \"Unconfined\", "
                            "\"container.apparmor.security.beta.kubernetes.io/a=\"x\"\", \"container.apparmor.security.beta.kubernetes.io/b=\"y\"\")"},
                           {latest, contexts(R"("appArmorProfile":{"type":"Localhost","localhostProfile":"x"})"), ""}});
}

TEST(PodSecurityChecks, Selinux) {
  const std::string engine = contexts(R"("seLinuxOptions":{"type":"container_engine_t"})");
  expect(Level::baseline, {{30, engine, "seLinuxOptions (containers \"b\", \"a\" set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")"},
                           {31, engine, ""},
                           {0, pod_context(R"("seLinuxOptions":{"type":"x","user":"u","role":"r"})"),
                            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"x\"; user may not be set; role may not be set)"},
                           {latest, spec(R"("securityContext":{"seLinuxOptions":{"type":"y"}},"containers":[{"name":"a","securityContext":{"seLinuxOptions":{"type":"x"}}}])"),
                            "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: types \"x\", \"y\")"},
                           {latest, pod_context(R"("seLinuxOptions":{"type":"container_init_t","level":"s0"})"), ""},
                           {latest, pod_context(R"("seLinuxOptions":{"type":"container_kvm_t"})"), ""}});
}

TEST(PodSecurityChecks, Sysctls) {
  const auto using_ = [](const std::string& name) { return pod_context(R"("sysctls":[{"name":")" + name + R"(","value":"1"}])"); };
  const std::pair<const char*, int> since[] = {{"kernel.shm_rmid_forced", 0},       {"net.ipv4.ip_local_port_range", 0},   {"net.ipv4.tcp_syncookies", 0},
                                               {"net.ipv4.ping_group_range", 0},    {"net.ipv4.ip_unprivileged_port_start", 0}, {"net.ipv4.ip_local_reserved_ports", 27},
                                               {"net.ipv4.tcp_keepalive_time", 29}, {"net.ipv4.tcp_fin_timeout", 29},       {"net.ipv4.tcp_keepalive_intvl", 29},
                                               {"net.ipv4.tcp_keepalive_probes", 29}, {"net.ipv4.tcp_rmem", 32},            {"net.ipv4.tcp_wmem", 32},
                                               {"net.ipv4.tcp_slow_start_after_idle", 37}, {"net.ipv4.tcp_notsent_lowat", 37}};
  for (const auto& [name, minor] : since) {
    expect(Level::baseline, {{minor, using_(name), ""}, {latest, using_(name), ""}});
    if (minor > 0) expect(Level::baseline, {{minor - 1, using_(name), "forbidden sysctls (" + std::string(name) + ")"}});
  }
  expect(Level::baseline, {{latest, pod_context(R"("sysctls":[{"name":"a.b"},{"name":"a.a"}])"), "forbidden sysctls (a.b, a.a)"}});
}

TEST(PodSecurityChecks, ProcMount) {
  const std::string unmasked = R"("containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}])";
  const std::string refused = "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")";
  expect(Level::baseline, {{0, spec(unmasked), refused},
                           {34, spec("\"hostUsers\":false," + unmasked), refused},
                           {35, spec("\"hostUsers\":false," + unmasked), ""},
                           {35, spec("\"hostUsers\":true," + unmasked), refused},
                           {latest, contexts(R"("procMount":"Default")"), ""}});
  const std::string restricted = Restricted{.of_container = R"("procMount":"Unmasked","allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]})", .more = R"("hostUsers":false)"}.json();
  expect(Level::restricted, {{34, restricted, refused}, {35, restricted, refused}});
}

TEST(PodSecurityChecks, Seccomp) {
  const std::string pod_key = R"("seccomp.security.alpha.kubernetes.io/pod":"unconfined")", container_key = R"("container.seccomp.security.alpha.kubernetes.io/a":"x")";
  expect(Level::baseline,
         {{18, annotated(pod_key + "," + container_key),
           "seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/a=\"x\", seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")"},
          {18, annotated(pod_key), "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")"},
          {18, annotated(R"("seccomp.security.alpha.kubernetes.io/pod":"docker/default")"), ""},
          {19, annotated(pod_key + "," + container_key), ""},
          {18, pod_context(R"("seccompProfile":{"type":"Unconfined"})"), ""},
          {19, spec(R"("securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Strange"}}}])"),
           "seccompProfile (pod and container \"a\" must not set securityContext.seccompProfile.type to \"Strange\", \"Unconfined\")"},
          {latest, contexts(R"("seccompProfile":{"type":"Localhost","localhostProfile":"x"})"), ""}});
  const std::string silent = "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
  const std::string on_windows = spec(R"("os":{"name":"windows"},"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}])");
  expect(Level::restricted, {{18, with_pod(R"("runAsNonRoot":true)"), ""},
                             {19, with_pod(R"("runAsNonRoot":true)"), silent},
                             {latest, with_pod(R"("runAsNonRoot":true)"), silent},
                             {latest, with_pod(R"("runAsNonRoot":true,"seccompProfile":{"type":"Unconfined"})"),
                              "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"},
                             {latest, with_container(R"("allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"Unconfined"})"),
                              "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")"},
                             {latest, on_windows, ""}});
}

TEST(PodSecurityChecks, PrivilegeEscalation) {
  const std::string without = R"("capabilities":{"drop":["ALL"]})";
  const std::string refused = "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)";
  expect(Level::restricted, {{7, with_container(without), ""},
                             {8, with_container(without), refused},
                             {latest, with_container(without + R"(,"allowPrivilegeEscalation":true)"), refused},
                             {latest, with(""), ""}});
}

TEST(PodSecurityChecks, WindowsPodsCannotBeRestrictedByWhatLinuxHas) {
  const std::string before = judged(Level::restricted, {24, spec(windows), ""});
  for (const char* id : {"allowPrivilegeEscalation", "unrestricted capabilities", "seccompProfile"}) EXPECT_NE(before.find(id), before.npos) << before;
  expect(Level::restricted, {{25, spec(windows), ""}, {latest, spec(windows), ""}});
}

TEST(PodSecurityChecks, CapabilitiesToDrop) {
  const std::string keeps = R"("allowPrivilegeEscalation":false,"capabilities":{"add":["CHOWN","NET_BIND_SERVICE"]})";
  expect(Level::restricted, {{21, with_container(keeps), ""},
                             {22, with_container(keeps),
                              "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]; "
                              "container \"a\" must not include \"CHOWN\" in securityContext.capabilities.add)"},
                             {latest, with_container(R"("allowPrivilegeEscalation":false)"), "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])"},
                             {21, with_container(R"("allowPrivilegeEscalation":false,"capabilities":{"add":["SYS_TIME"]})"),
                              "non-default capabilities (container \"a\" must not include \"SYS_TIME\" in securityContext.capabilities.add)"},
                             {latest, with_container(R"("allowPrivilegeEscalation":false,"capabilities":{"drop":["CHOWN","ALL"],"add":["NET_BIND_SERVICE"]})"), ""}});
}

TEST(PodSecurityChecks, Root) {
  const std::string seccomp = R"("seccompProfile":{"type":"RuntimeDefault"})";
  const std::string silent = "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)";
  const std::string explicit_root = with_pod(seccomp + R"(,"runAsNonRoot":false)");
  const std::string container = R"("allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]})";
  const std::string other_users = Restricted{.of_pod = seccomp + R"(,"runAsUser":0)", .more = R"("hostUsers":false)"}.json();
  expect(Level::restricted,
         {{0, with_pod(seccomp), silent},
          {latest, with_pod(seccomp), silent},
          {latest, explicit_root, "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"},
          {latest, with_container(container + R"(,"runAsNonRoot":false)"), "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)"},
          {latest, Restricted{.of_pod = seccomp, .of_container = container + R"(,"runAsNonRoot":true)"}.json(), ""},
          {22, with_pod(seccomp + R"(,"runAsNonRoot":true,"runAsUser":0)"), ""},
          {23, with_pod(seccomp + R"(,"runAsNonRoot":true,"runAsUser":0)"), "runAsUser=0 (pod must not set runAsUser=0)"},
          {latest, with_container(container + R"(,"runAsUser":0)"), "runAsUser=0 (container \"a\" must not set runAsUser=0)"},
          {latest, with_container(container + R"(,"runAsUser":1)"), ""},
          {34, other_users, silent + ", runAsUser=0 (pod must not set runAsUser=0)"},
          {35, other_users, ""}});
}

TEST(PodSecurityChecks, KindsOfVolumes) {
  const auto volumes = [](const std::string& list) { return with("\"volumes\":[" + list + "]"); };
  expect(Level::restricted, {{0, volumes(R"({"name":"v","hostPath":{"path":"/"}},{"name":"w","nfs":{"path":"/","server":"s"}})"),
                              "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")"},
                             {latest, volumes(R"({"name":"v"})"), "restricted volume types (volume \"v\" uses restricted volume type \"unknown\")"}});
  for (const char* kind : {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"})
    expect(Level::restricted, {{latest, volumes(R"({"name":"v",")" + std::string(kind) + R"(":{}})"), ""}});
  for (const char* kind : {"gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "iscsi", "glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile",
                           "vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos"})
    expect(Level::restricted, {{latest, volumes(R"({"name":"v",")" + std::string(kind) + R"(":{}})"),
                                "restricted volume types (volume \"v\" uses restricted volume type \"" + std::string(kind) + "\")"}});
}

TEST(PodSecurityChecks, EachIsThere) {
  std::vector<std::string> ids;
  for (const auto& [id, make] : plumb::Registry<Check>::all()) ids.push_back(id);
  EXPECT_EQ(join(ids, " "),
            "allowPrivilegeEscalation appArmorProfile capabilities_baseline capabilities_restricted hostNamespaces hostPathVolumes hostPorts hostProbesAndHostLifecycle "
            "privileged procMount procMount_restricted restrictedVolumes runAsNonRoot runAsUser seLinuxOptions seccompProfile_baseline seccompProfile_restricted sysctls "
            "windowsHostProcess");
}

std::string read(std::initializer_list<std::pair<const char*, const char*>> labels) {
  api::Map<api::Str> map;
  for (const auto& [key, value] : labels) map.set("pod-security.kubernetes.io/" + std::string(key), api::Str(value));
  resources::FieldErrors errors;
  const Policy policy = policy_of(map, errors);
  return policy.enforce.text() + " " + policy.audit.text() + " " + policy.warn.text() + (errors.empty() ? "" : " " + errors.to_string());
}

TEST(PodSecurityPolicy, IsWhatTheLabelsSay) {
  EXPECT_EQ(read({}), "privileged:latest privileged:latest privileged:latest");
  EXPECT_EQ(read({{"enforce", "baseline"}, {"enforce-version", "v1.25"}}), "baseline:v1.25 privileged:latest baseline:v1.25");
  EXPECT_EQ(read({{"enforce", "baseline"}, {"enforce-version", "v1.25"}, {"warn-version", "v1.3"}}), "baseline:v1.25 privileged:latest baseline:v1.3");
  EXPECT_EQ(read({{"enforce", "restricted"}, {"warn", "privileged"}, {"audit", "baseline"}, {"audit-version", "latest"}}), "restricted:latest baseline:latest privileged:latest");
  EXPECT_EQ(read({{"warn", "restricted"}, {"warn-version", "v1.0"}}), "privileged:latest privileged:latest restricted:v1.0");
  EXPECT_EQ(read({{"enforce-version", "v1.99999999999"}}), "privileged:latest privileged:latest privileged:latest");
}

TEST(PodSecurityPolicy, WhatCannotBeReadIsEnforcedAndNotWarnedOf) {
  EXPECT_EQ(read({{"enforce", "Baseline"}, {"audit", "x"}, {"warn", "y"}}),
            "restricted:latest privileged:latest privileged:latest "
            "[metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Baseline\": must be one of privileged, baseline, restricted, "
            "metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: \"x\": must be one of privileged, baseline, restricted, "
            "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"y\": must be one of privileged, baseline, restricted]");
  for (const char* version : {"", "1.2", "v2.0", "v1.01", "v1.-1", "v1.x", "v1."})
    EXPECT_NE(read({{"enforce-version", version}}).find("must be \"latest\" or \"v1.x\""), std::string::npos) << version;
}

}  // namespace
}  // namespace plumb::apiserver::pod_security
