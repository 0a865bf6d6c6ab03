// plumbd up and down on this machine, for real: what they refuse, that a cluster survives a kill -9 of everything, and that nothing is left of it.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/process.h"
#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/names.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Things = std::set<std::string>;

fs::path bin_dir() { return fs::read_symlink("/proc/self/exe").parent_path(); }

void add_lines(Things& things, const std::string& what, std::vector<std::string> command) {
  const auto out = run_checked(std::move(command));
  if (!out.ok()) return;
  for (const auto line : split(*out, '\n')) {
    // Counters and comments with times change by themselves.
    if (!trim(line).empty() && line[0] != '#' && line[0] != ':') things.insert(what + ": " + std::string(trim(line)));
  }
}

// Whatever a cluster could leave on a machine, named so that it can be compared.
Things machine() {
  Things things;
  add_lines(things, "link", {"sh", "-c", "ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'"});
  add_lines(things, "route", {"ip", "-4", "route", "show", "table", "all"});
  add_lines(things, "nft", {"nft", "list", "ruleset"});
  add_lines(things, "iptables", {"iptables-save"});
  add_lines(things, "forwarding", {"cat", "/proc/sys/net/ipv4/ip_forward"});
  add_lines(things, "mount", {"sh", "-c", "cut -d' ' -f2 /proc/self/mounts"});
  add_lines(things, "netns", {"sh", "-c", "ls /run/netns /var/run/netns 2>/dev/null | sort -u"});
  for (const auto& mount : cgroup_mounts())
    for (const auto& entry : fs::directory_iterator(mount.path))
      if (entry.is_directory()) things.insert("cgroup: " + entry.path().string());
  for (const char* folder : {"/var/lib/plumbline", "/var/lib/cni/networks", "/run/containerd", "/var/log/pods"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) things.insert("file: " + entry.path().string());
  }
  return things;
}

std::vector<pid_t> processes_of(const ClusterId& id) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = parse_int(entry.path().filename().string());
    if (!pid || *pid == getpid() || !process_id(static_cast<pid_t>(*pid)).ok()) continue;  // zombies count as gone
    const auto mentions = [&](const char* file, const std::string& what) {
      const auto text = read_file(entry.path() / file);
      return text.ok() && text->find(what) != std::string::npos;
    };
    if (mentions("cmdline", id.dir) || mentions("cgroup", cgroup_name(id))) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

std::string describe(pid_t pid) {
  std::string text;
  for (const char* file : {"cmdline", "status", "cgroup"}) {
    const auto part = read_file("/proc/" + std::to_string(pid) + "/" + file);
    text += part.ok() ? *part + "\n" : "";
  }
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

class UpAndDown : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::temp_directory_path() / ("plumb-launch-itest." + std::to_string(getpid()));
    before_ = machine();
  }
  void TearDown() override {
    (void)plumbd({"down", "--dir", dir_});
    fs::remove_all(dir_);
  }
  Captured plumbd(std::vector<std::string> args) {
    args.insert(args.begin(), bin_dir() / "plumbd");
    ProcessSpec spec;
    spec.args = std::move(args);
    auto done = run_and_capture(spec, {.limit = 150s, .input = {}});
    return done.ok() ? *done : Captured{{255, 0}, "", done.error().message};
  }
  void expect(int code, const std::string& words, std::vector<std::string> args) {
    const Captured done = plumbd(args);
    EXPECT_EQ(done.status.code, code) << join(args, " ") << ": " << done.err;
    EXPECT_NE(done.err.find(words), std::string::npos) << join(args, " ") << ": " << done.err;
    EXPECT_LE(std::count(done.err.begin(), done.err.end(), '\n'), 1) << "one sentence: " << done.err;
  }
  bool up(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"up", "--dir", dir_, "--name", "launchtest"};
    args.insert(args.end(), more.begin(), more.end());
    const Captured done = plumbd(args);
    EXPECT_TRUE(done.status.ok()) << done.err;
    EXPECT_EQ(trim(done.out), dir_ + "/kubeconfig");
    return done.status.ok();
  }
  std::string kubectl(std::vector<std::string> args) {
    args.insert(args.begin(), {"kubectl", "--kubeconfig", dir_ + "/kubeconfig"});
    const auto done = run_checked(args, {.limit = 60s, .input = {}});
    return done.ok() ? std::string(trim(*done)) : "failed: " + done.error().message;
  }
  ClusterId id() const { return {"launchtest", dir_}; }
  // Of one of its processes.
  std::string command_line(const std::string& process) {
    const auto pid = read_file(dir_ + "/" + process + ".pid");
    const auto words = pid.ok() ? read_file("/proc/" + pid->substr(0, pid->find_first_not_of("0123456789")) + "/cmdline") : pid;
    std::string text = words.ok() ? *words : words.error().message;
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
  }
  // The power cord of everything at once, as often as something of it is there.
  void kill_everything() {
    EXPECT_FALSE(processes_of(id()).empty());
    for (const Instant deadline = real_clock().now() + 20s; real_clock().now() < deadline;) {
      const auto left = processes_of(id());
      if (left.empty()) return;
      for (const pid_t pid : left) kill(pid, SIGKILL);
      usleep(10'000);
    }
    FAIL() << "something starts again and again";
  }
  void expect_nothing_left() {
    for (const pid_t pid : processes_of(id())) ADD_FAILURE() << "process " << pid << " is left: " << describe(pid);
    EXPECT_FALSE(fs::exists(dir_));
    EXPECT_EQ(added(), Things()) << "what is there now and was not before";
  }
  Things added() const {
    Things more;
    const Things now = machine();
    std::set_difference(now.begin(), now.end(), before_.begin(), before_.end(), std::inserter(more, more.end()));
    return more;
  }

  std::string dir_;
  Things before_;
};

#define NEEDS_NODES()                                                                                        \
  if (geteuid() != 0) GTEST_SKIP() << "needs root";                                                          \
  for (const char* program : {"containerd", "ctr", "nft", "ip", "nsenter", "kubectl"})                       \
    if (!find_program(program).ok()) GTEST_SKIP() << "needs " << program

TEST_F(UpAndDown, RefuseWhatCannotBe) {
  expect(2, "--name \"../evil\" is no name for a cluster", {"up", "--name", "../evil", "--nodes", "0"});
  expect(2, "--name \"../evil\" is no name for a cluster", {"down", "--name", "../evil"});
  expect(2, "--nodes must be between 0 and 200", {"up", "--dir", dir_, "--nodes", "-3"});
  expect(2, "--etcd-servers goes with --store etcd", {"up", "--dir", dir_, "--nodes", "0", "--etcd-servers", "http://127.0.0.1:1"});
  expect(2, "--metric-resolution: 5s is too short: at least 10s", {"up", "--dir", dir_, "--nodes", "0", "--metric-resolution", "5s"});
  expect(3, "Not a directory; name another with --dir", {"up", "--dir", "/dev/null/x", "--nodes", "0"});
  expect(3, "there is no cluster in " + dir_, {"status", "--dir", dir_});
  expect(0, "there is no cluster in " + dir_, {"down", "--dir", dir_});
  EXPECT_FALSE(fs::exists(dir_)) << "nothing is made for what is refused";
  expect(3, "Connection refused (log: " + dir_ + "/logs/all.log); is --etcd-servers right (http://127.0.0.1:1)?",
         {"up", "--dir", dir_, "--nodes", "0", "--store", "etcd", "--etcd-servers", "http://127.0.0.1:1"});
  EXPECT_TRUE(plumbd({"down", "--dir", dir_}).status.ok());
  expect_nothing_left();
}

TEST_F(UpAndDown, LeaveAFolderAloneThatHoldsNoCluster) {
  fs::create_directories(dir_ + "/pki");
  expect(0, "there is no cluster in " + dir_, {"down", "--dir", dir_});
  EXPECT_TRUE(fs::exists(dir_ + "/pki"));
}

TEST_F(UpAndDown, AClusterIsChangedOnlyWhereItCanBe) {
  ASSERT_TRUE(up({"--nodes", "0", "--hollow-nodes", "3"}));
  expect(2, "is in that folder already, not other", {"up", "--dir", dir_, "--name", "other"});
  expect(2, "keeps its data in the store embedded", {"up", "--dir", dir_, "--store", "etcd"});
  expect(2, "runs with its control plane in one process", {"up", "--dir", dir_, "--separate"});
  expect(2, "for fewer take it down first", {"up", "--dir", dir_, "--hollow-nodes", "2"});
  expect(2, "runs without --metric-resolution 20s; stop it with `plumb down --keep-data`", {"up", "--dir", dir_, "--metric-resolution", "20s"});
  const int folder = open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(flock(folder, LOCK_EX), 0);
  expect(3, "another `plumb up` or `plumb down` works on " + dir_, {"up", "--dir", dir_});
  expect(3, "another `plumb up` or `plumb down` works on " + dir_, {"down", "--dir", dir_});
  close(folder);
  EXPECT_TRUE(up({"--hollow-nodes", "5"}));
  EXPECT_EQ(plumbd({"status", "--dir", dir_}).status.code, 0);
  EXPECT_TRUE(plumbd({"down", "--dir", dir_, "--keep-data"}).status.ok());
  EXPECT_TRUE(up({"--metric-resolution", "20s", "--horizontal-pod-autoscaler-event-driven", "true"}));
  EXPECT_TRUE(plumbd({"down", "--dir", dir_, "--keep-data"}).status.ok());
  EXPECT_TRUE(up());
  const std::string command = command_line("all");
  EXPECT_NE(command.find("--horizontal-pod-autoscaler-event-driven true --metric-resolution 20s"), std::string::npos) << "it comes back as it was: " << command;
  EXPECT_TRUE(plumbd({"down", "--dir", dir_}).status.ok());
  expect_nothing_left();
}

TEST_F(UpAndDown, NothingIsLeftWhenEverythingWasKilled) {
  NEEDS_NODES();
  ASSERT_TRUE(up({"--nodes", "2", "--hollow-nodes", "5", "--separate"}));
  EXPECT_NE(kubectl({"create", "deployment", "web", "--image=registry.plumbline.test/plumb-test:v1", "--replicas=3"}).find("created"), std::string::npos);
  EXPECT_NE(kubectl({"rollout", "status", "deployment/web", "--timeout=60s"}).find("successfully"), std::string::npos);
  for (const std::string what : {"link: ", "route: ", "nft: ", "cgroup: "}) {
    const Things more = added();
    EXPECT_TRUE(std::any_of(more.begin(), more.end(), [&](const std::string& thing) { return thing.starts_with(what); })) << "the test would not see a leftover " << what;
  }
  kill_everything();
  const Captured done = plumbd({"down", "--dir", dir_});
  EXPECT_TRUE(done.status.ok()) << done.err;
  expect_nothing_left();
}

TEST_F(UpAndDown, ComesBackWithAllItsDataWhenEverythingWasKilled) {
  NEEDS_NODES();
  for (const std::vector<std::string>& store : {std::vector<std::string>{}, {"--store", "etcd"}}) {
    if (!store.empty() && !find_program("etcd").ok()) GTEST_SKIP() << "needs etcd (Debian: etcd-server)";
    std::vector<std::string> args = {"--nodes", "1"};
    args.insert(args.end(), store.begin(), store.end());
    ASSERT_TRUE(up(args));
    EXPECT_NE(kubectl({"create", "configmap", "kept", "--from-literal=a=b"}).find("created"), std::string::npos);
    EXPECT_NE(kubectl({"create", "deployment", "web", "--image=registry.plumbline.test/plumb-test:v1"}).find("created"), std::string::npos);
    EXPECT_NE(kubectl({"rollout", "status", "deployment/web", "--timeout=60s"}).find("successfully"), std::string::npos);
    const std::string pod = kubectl({"get", "pods", "-o", "name"});
    kill_everything();
    ASSERT_TRUE(up());
    EXPECT_EQ(kubectl({"get", "configmap", "kept", "-o", "jsonpath={.data.a}"}), "b");
    EXPECT_EQ(kubectl({"get", "pods", "-o", "name"}), pod) << "the pod is the same, its containers are new";
    std::string answer;
    for (const Instant deadline = real_clock().now() + 60s; real_clock().now() < deadline && "pod/" + answer != pod; usleep(50'000))
      answer = kubectl({"exec", pod, "--", "/plumb-test", "get", "http://127.0.0.1:8080/hostname"});
    EXPECT_EQ("pod/" + answer, pod) << "its container serves again";
    EXPECT_TRUE(plumbd({"down", "--dir", dir_}).status.ok());
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace plumb::cluster
