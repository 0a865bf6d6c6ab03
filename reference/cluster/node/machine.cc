#include "reference/cluster/node/machine.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/base/encoding.h"
#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/spec_file.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
constexpr Duration kEndLimit = 20s, kReapLimit = 2s;

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string log_tail(const std::string& dir) {
  const auto text = text_of_file(dir + "/node.log");
  return text.size() > 1500 ? text.substr(text.size() - 1500) : text;
}

std::string pid_file(const ClusterId& id, const std::string& node) { return node_dir(id, node) + "/pid"; }
std::string node_cgroup(const ClusterId& id, const std::string& node) { return cgroup_name(id) + "/" + node; }

Status make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Code::permission_denied, "making folder " + path + ": " + error.message());
  return {};
}

Status remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Code::internal, "removing " + path + ": " + error.message());
  return {};
}

// A node's process 1 is a child of whoever created the node; when that is this program, its zombie is this program's to take.
Status end_process(const ProcessId& id) {
  PLUMB_TRY(kill_process(id, kEndLimit));
  const Instant deadline = real_clock().now() + kReapLimit;
  // 0: a child of ours that is not a zombie yet.
  while (waitpid(id.pid, nullptr, WNOHANG) == 0 && real_clock().now() < deadline) poll(nullptr, 0, 2);
  return {};
}

Status kill_named_by(const std::string& file) {
  const auto id = read_pid_file(file);
  if (!id.ok()) return {};  // gone, or not ours: nothing that a start time vouches for
  PLUMB_TRY(end_process(*id));
  std::error_code ignored;
  fs::remove(file, ignored);
  return {};
}

// Gives the node its link. The peer is made inside the namespace of process `pid`, so that no half-named link is ever on the host.
Status connect(const NodeSpec& spec, pid_t pid) {
  const auto link = node_link_name(spec.cluster, spec.index);
  PLUMB_TRY(remove_link(link));
  PLUMB_TRY(run_checked({"ip", "-batch", "-"},
                        {.input = "link add " + link + " type veth peer name eth0 netns " + std::to_string(pid) + "\nlink set " + link +
                                  " master " + bridge_name(spec.cluster) + " up\nroute replace " + spec.pod_cidr + " via " + spec.node_ip +
                                  " dev " + bridge_name(spec.cluster) + "\n"}));
  return {};
}

Status unmount_below(const std::string& dir) {
  const auto table = text_of_file("/proc/self/mounts");
  auto lines = split(table, '\n');
  std::reverse(lines.begin(), lines.end());
  for (const auto line : lines) {
    const auto fields = split(line, ' ');
    if (fields.size() < 2 || !fields[1].starts_with(dir + "/")) continue;
    if (umount2(std::string(fields[1]).c_str(), MNT_DETACH) < 0) return fail_errno("unmounting " + std::string(fields[1]));
  }
  return {};
}

}  // namespace

NodeSpec node_spec(const ClusterId& cluster, const NetworkPlan& plan, int index, int count, std::string name) {
  NodeSpec spec;
  spec.cluster = cluster;
  spec.index = index;
  spec.name = name.empty() ? cluster.name + "-node-" + std::to_string(index) : std::move(name);
  spec.node_ip = plan.node_ip(index);
  spec.gateway = plan.host_ip();
  spec.pod_cidr = plan.pod_cidr(index);
  for (int other = 0; other < count; other++)
    if (other != index) spec.routes.push_back({plan.pod_cidr(other), plan.node_ip(other)});
  return spec;
}

Result<NodeMachine> NodeMachine::create(const NodeSpec& spec) {
  if (geteuid() != 0) return fail(Code::permission_denied, "starting node " + spec.name + ": nodes need root; run it with sudo");
  if (spec.index < 0 || spec.index >= kMaxNodes)
    return fail(Code::invalid_argument, "starting node " + spec.name + ": index " + std::to_string(spec.index) + " is not below " + std::to_string(kMaxNodes));
  if (find(spec.cluster, spec.name).ok()) return fail(Code::already_exists, "starting node " + spec.name + ": it runs already");
  const std::string dir = node_dir(spec.cluster, spec.name);
  for (const char* folder : {"/var-lib", "/var-log", "/tmp"}) PLUMB_TRY(make_folder(dir + folder));
  fs::permissions(dir + "/tmp", fs::perms::all | fs::perms::sticky_bit);
  std::error_code ignored;
  fs::remove(dir + "/ready", ignored);
  NodeSpec complete = spec;
  if (complete.program.empty()) complete.program = fs::read_symlink("/proc/self/exe", ignored);
  PLUMB_TRY(write_spec(complete, dir + "/node.json"));
  const auto mounts = cgroup_mounts();
  // A new one: in v2 the last one's controllers are handed down, and nothing may join it any more.
  PLUMB_TRY(kill_cgroup(mounts, node_cgroup(spec.cluster, spec.name), kEndLimit));
  PLUMB_TRY(remove_cgroup(mounts, node_cgroup(spec.cluster, spec.name), kEndLimit));
  PLUMB_TRY(make_cgroup(mounts, node_cgroup(spec.cluster, spec.name)));

  ProcessSpec init;
  init.args = {complete.program, "node-init", dir + "/node.json"};
  init.in = Stdio::pipe();
  init.out = init.err = Stdio::file(dir + "/node.log");
  init.new_session = true;
  init.cwd = "/";
  init.new_namespaces = kNamespaces;
  Child child = PLUMB_TRY(Child::spawn(init));
  // Until it reads "go", process 1 ends when its input ends: if this program dies here, no node without a pid file is left.
  PLUMB_TRY(write_pid_file(pid_file(spec.cluster, spec.name), child.pid()));
  PLUMB_TRY(connect(complete, child.pid()));
  const auto id = process_id(child.pid());
  if (!id.ok() || write(child.in(), "go\n", 3) != 3)
    return fail(Code::internal, "starting node " + spec.name + ": process 1 ended early; its log says: " + log_tail(dir));
  child.release();
  return NodeMachine(spec.cluster, spec.name, *id);
}

Result<NodeMachine> NodeMachine::find(const ClusterId& cluster, const std::string& name) {
  const auto id = read_pid_file(pid_file(cluster, name));
  if (!id.ok() || !is_running(*id)) return fail(Code::not_found, "node " + name + " of cluster " + cluster.name + " does not run");
  return NodeMachine(cluster, name, *id);
}

Status NodeMachine::wait_ready(Duration limit) const {
  const Instant deadline = real_clock().now() + limit;
  while (!fs::exists(dir() + "/ready")) {
    if (!running()) return fail(Code::internal, "node " + name_ + " ended; its log " + dir() + "/node.log says: " + log_tail(dir()));
    if (real_clock().now() > deadline)
      return fail(Code::deadline_exceeded, "node " + name_ + " is not ready in time; see the logs in " + dir() + ": " + log_tail(dir()));
    poll(nullptr, 0, 5);
  }
  return {};
}

std::vector<std::string> NodeMachine::command_inside(const std::vector<std::string>& args) const {
  std::vector<std::string> all = {"nsenter", "--target", std::to_string(id_.pid), "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--"};
  all.insert(all.end(), args.begin(), args.end());
  return all;
}

Result<std::string> NodeMachine::run(const std::vector<std::string>& args, const CaptureOptions& options) const {
  return run_checked(command_inside(args), options);
}

Status NodeMachine::kill() const {
  PLUMB_TRY(end_process(id_));
  return kill_cgroup(cgroup_mounts(), node_cgroup(cluster_, name_), kEndLimit);
}

Status destroy_node(const ClusterId& cluster, const std::string& name, bool remove_data) {
  const auto spec = read_spec(node_dir(cluster, name) + "/node.json");
  const auto mounts = cgroup_mounts();
  const auto cgroup = node_cgroup(cluster, name);
  PLUMB_TRY(kill_named_by(pid_file(cluster, name)));
  PLUMB_TRY(kill_cgroup(mounts, cgroup, kEndLimit));
  if (spec.ok()) {
    PLUMB_TRY(remove_link(node_link_name(cluster, spec->index)));
    (void)run_checked({"ip", "route", "del", spec->pod_cidr, "dev", bridge_name(cluster)});  // gone already, or gone with the bridge
  }
  PLUMB_TRY(remove_cgroup(mounts, cgroup, kEndLimit));
  return remove_data ? remove_tree(node_dir(cluster, name)) : Status();
}

Status cleanup(const ClusterId& cluster, bool remove_data) {
  const auto mounts = cgroup_mounts();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cluster.dir, ignored))
    if (entry.path().extension() == ".pid") PLUMB_TRY(kill_named_by(entry.path()));
  for (const auto& entry : fs::directory_iterator(cluster.dir + "/nodes", ignored)) PLUMB_TRY(kill_named_by(entry.path() / "pid"));
  PLUMB_TRY(kill_cgroup(mounts, cgroup_name(cluster), kEndLimit));
  PLUMB_TRY(remove_host_network(cluster));
  PLUMB_TRY(remove_cgroup(mounts, cgroup_name(cluster), kEndLimit));
  PLUMB_TRY(unmount_below(cluster.dir));
  if (!remove_data) return {};
  fs::remove(cluster.dir + "/network.json", ignored);
  return remove_tree(cluster.dir + "/nodes");
}

}  // namespace plumb::cluster
