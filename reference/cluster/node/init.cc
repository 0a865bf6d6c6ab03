// plumbd node-init: process 1 of a node on this machine. Started by NodeMachine::create in new namespaces, its input a pipe.
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/log.h"
#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/file_system.h"
#include "reference/cluster/node/spec_file.h"
#include "reference/cluster/node/supervisor.h"
#include "reference/cluster/role.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr char kContainerdConfig[] = "/run/containerd/config.toml";
constexpr char kContainerdSocket[] = "/run/containerd/containerd.sock";
constexpr char kCniConfigFolder[] = "/run/cni/net.d";

Status write_file(const std::string& path, const std::string& text) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  std::ofstream file(path, std::ios::trunc);
  file << text;
  if (!file.flush()) return fail_errno("writing " + path);
  return {};
}

Status enter_cgroup(const NodeSpec& spec, const std::vector<CgroupMount>& mounts) {
  PLUMB_TRY(join_cgroup(mounts, cgroup_name(spec.cluster) + "/" + spec.name));
  if (unshare(CLONE_NEWCGROUP) < 0) return fail_errno("making a cgroup namespace");
  return {};
}

// v2 does not allow processes beside children that have controllers: the daemons move into a leaf.
Status leave_cgroup_root(const std::vector<CgroupMount>& mounts) {
  for (const auto& mount : mounts) {
    if (!mount.v2 || mounts.size() > 1) continue;
    std::error_code ignored;
    fs::create_directory(mount.path + "/system", ignored);
    PLUMB_TRY(join_cgroup({mount}, "system"));
    PLUMB_TRY(delegate_controllers(mount.path));
  }
  return {};
}

// False when the creator went away before the node was connected.
bool wait_for_go() {
  char answer[3];
  return read(0, answer, sizeof answer) == sizeof answer && std::memcmp(answer, "go\n", 3) == 0;
}

Status set_up_network(const NodeSpec& spec) {
  std::string commands = "link set lo up\naddr add " + spec.node_ip + "/24 dev eth0\nlink set eth0 up\nroute replace default via " + spec.gateway + "\n";
  for (const auto& route : spec.routes) commands += "route replace " + route.cidr + " via " + route.via + "\n";
  PLUMB_TRY(run_checked({"ip", "-batch", "-"}, {.input = commands}));
  PLUMB_TRY(write_file("/proc/sys/net/ipv4/ip_forward", "1\n"));
  PLUMB_TRY(write_file("/proc/sys/net/ipv4/conf/all/route_localnet", "1\n"));
  // Service rules must see what one pod sends to another over the bridge; without the module there is nothing to set.
  if (fs::exists("/proc/sys/net/bridge/bridge-nf-call-iptables")) PLUMB_TRY(write_file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n"));
  return {};
}

std::string cni_config(const NodeSpec& spec) {
  // The default route comes from ipam's routes alone; the addresses in use are forgotten with /run, as the pods are.
  const json bridge = {{"type", "bridge"}, {"bridge", kPodBridge}, {"isGateway", true}, {"hairpinMode", true}, {"ipMasq", false},
                       {"ipam", {{"type", "host-local"}, {"dataDir", "/run/cni/networks"},
                                 {"ranges", {{{{"subnet", spec.pod_cidr}}}}}, {"routes", {{{"dst", "0.0.0.0/0"}}}}}}};
  const json portmap = {{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}};
  return json{{"cniVersion", "0.4.0"}, {"name", "plumbline"}, {"plugins", {bridge, portmap}}}.dump(1);
}

// With crun, 30 pods at once on two cores start in about half of the time that they take with runc.
std::string oci_runtime() { return run_checked({"crun", "--version"}).ok() ? "crun" : "runc"; }

std::string containerd_config(const NodeSpec& spec, const std::string& snapshotter) {
  return "version = 2\nroot = \"/var/lib/containerd\"\nstate = \"/run/containerd\"\n"
         "disabled_plugins = [\"io.containerd.snapshotter.v1.aufs\", \"io.containerd.snapshotter.v1.btrfs\", \"io.containerd.snapshotter.v1.zfs\", "
         "\"io.containerd.snapshotter.v1.devmapper\"]\n"
         "[grpc]\n  address = \"" + std::string(kContainerdSocket) + "\"\n"
         "[plugins.\"io.containerd.internal.v1.opt\"]\n  path = \"/var/lib/containerd/opt\"\n"
         "[plugins.\"io.containerd.grpc.v1.cri\"]\n"
         "  sandbox_image = \"" + spec.sandbox_image + "\"\n"
         "  stream_server_address = \"127.0.0.1\"\n  stream_server_port = \"0\"\n"
         "  disable_apparmor = true\n  restrict_oom_score_adj = true\n  tolerate_missing_hugetlb_controller = true\n"
         "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n    snapshotter = \"" + snapshotter + "\"\n"
         "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n      runtime_type = \"io.containerd.runc.v2\"\n"
         "      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n        BinaryName = \"" + oci_runtime() + "\"\n"
         "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = \"/usr/lib/cni\"\n    conf_dir = \"" + kCniConfigFolder + "\"\n";
}

bool accepts(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (fd >= 0) close(fd);
  return connected;
}

Status wait_for_containerd(const std::string& dir) {
  const Instant deadline = real_clock().now() + 30s;
  while (!accepts(kContainerdSocket)) {
    if (real_clock().now() > deadline) return fail(Code::deadline_exceeded, "containerd did not open its socket; see " + dir + "/containerd.log");
    usleep(5000);
  }
  return {};
}

// An archive is imported when it was not, or has changed since.
Status import_images(const NodeSpec& spec) {
  for (const auto& archive : spec.image_archives) {
    std::error_code error;
    const auto size = fs::file_size(archive, error);
    if (error) return fail(Code::not_found, "importing images from " + archive + ": " + error.message());
    const std::string stamp = std::to_string(size) + " " + std::to_string(fs::last_write_time(archive).time_since_epoch().count());
    const std::string marker = "/var/lib/containerd/imported-" + std::to_string(std::hash<std::string>()(archive));
    std::string known;
    std::getline(std::ifstream(marker), known);
    if (known == stamp) continue;
    PLUMB_TRY(run_checked({"ctr", "--address", kContainerdSocket, "--namespace", "k8s.io", "images", "import", archive}, {.limit = 60s}));
    PLUMB_TRY(write_file(marker, stamp + "\n"));
  }
  return {};
}

Status start_containerd(const NodeSpec& spec, const std::string& dir, Supervisor& supervisor) {
  PLUMB_TRY(write_file(std::string(kCniConfigFolder) + "/10-plumbline.conflist", cni_config(spec)));
  PLUMB_TRY(write_file(kContainerdConfig, containerd_config(spec, overlay_works_in("/var/lib") ? "overlayfs" : "native")));
  PLUMB_TRY(supervisor.add({"containerd", {"containerd", "--config", kContainerdConfig}, {}}));
  PLUMB_TRY(wait_for_containerd(dir));
  return import_images(spec);
}

Status bring_up(const NodeSpec& spec, const std::string& dir, Supervisor& supervisor) {
  const auto mounts = cgroup_mounts();
  PLUMB_TRY(enter_cgroup(spec, mounts));
  PLUMB_TRY(set_up_file_system(spec, mounts));
  PLUMB_TRY(leave_cgroup_root(mounts));
  if (sethostname(spec.name.c_str(), spec.name.size()) < 0) return fail_errno("setting the host name " + spec.name);
  if (!wait_for_go()) return fail(Code::cancelled, "the program that created the node ended before the node was connected");
  PLUMB_TRY(set_up_network(spec));
  if (spec.containerd) PLUMB_TRY(start_containerd(spec, dir, supervisor));
  for (const auto& service : spec.services) PLUMB_TRY(supervisor.add(service));
  return write_file(dir + "/ready", "ready\n");
}

class NodeInit final : public Role {
 public:
  std::string summary() const override { return "process 1 of a node on this machine; started by plumb up"; }

  int run(const std::vector<std::string>& args) override {
    if (args.size() != 1) return std::fprintf(stderr, "usage: plumbd node-init SPEC\n"), kExitUsage;
    if (getpid() != 1) return std::fprintf(stderr, "node-init must be process 1 of its namespace; `plumb up` starts it\n"), kExitUsage;
    const auto spec = read_spec(args[0]);
    if (!spec.ok()) return std::fprintf(stderr, "%s\n", spec.error().message.c_str()), kExitFailure;
    const std::string dir = fs::path(args[0]).parent_path();
    Supervisor supervisor(dir);
    if (const auto up = bring_up(*spec, dir, supervisor); !up.ok()) {
      log::error("node", "starting node " + spec->name + ": " + up.error().message);
      return kExitFailure;
    }
    supervisor.run();
    return kExitOk;
  }
};

const Registered<Role> registered_init{"node-init", [] { return std::make_unique<NodeInit>(); }};

}  // namespace
}  // namespace plumb::cluster
