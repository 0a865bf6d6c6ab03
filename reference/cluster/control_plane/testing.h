// For integration tests: programs of a control plane as processes on this machine, and a client of the administrator.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/process.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/pki/pki.h"

namespace plumb::cluster::testing {

inline std::string plumbd() { return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "plumbd"; }

// One that nobody listens on at the moment.
inline Result<std::uint16_t> free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(probe);
  if (!found) return fail(Code::resource_exhausted, "no TCP port is free on this machine");
  return ntohs(address.sin_port);
}

// Looks again and again until it holds or the time is over.
inline bool eventually(const std::function<bool()>& holds, Duration limit = std::chrono::seconds(30)) {
  for (const Instant end = real_clock().now() + limit; !holds(); usleep(10'000))
    if (real_clock().now() > end) return false;
  return true;
}
inline double seconds_since(Instant start) { return std::chrono::duration<double>(real_clock().now() - start).count(); }

// A program that says on stdout that it is ready; its stderr goes to a file. Killed with the test.
class Program {
 public:
  Program(std::string name, std::vector<std::string> args, const std::string& dir) : name_(std::move(name)), log_(dir + "/" + name_ + ".log") {
    ProcessSpec spec;
    spec.args = std::move(args);
    spec.out = Stdio::pipe();
    spec.err = Stdio::file(log_);
    auto spawned = Child::spawn(spec);
    EXPECT_TRUE(spawned.ok()) << name_;
    if (!spawned.ok()) return;
    child_ = std::make_unique<Child>(std::move(*spawned));
    for (char c; read(child_->out(), &c, 1) == 1 && c != '\n';) line_ += c;
    EXPECT_TRUE(line_.starts_with("ready")) << name_ << ": " << line_ << "\n" << log();
  }
  const std::string& name() const { return name_; }
  Child& child() { return *child_; }
  std::string log() const {
    const auto text = read_file(log_);
    return text.ok() ? *text : text.error().message;
  }
  bool logged(const std::string& text) const { return log().find(text) != std::string::npos; }
  // Of "ready on port N".
  std::string port() const { return line_.substr(line_.rfind(' ') + 1); }

 private:
  std::string name_, log_, line_;
  std::unique_ptr<Child> child_;
};
using ProgramPtr = std::unique_ptr<Program>;

class Cluster : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(plumbd())) GTEST_SKIP() << "needs plumbd beside the test";
    char folder[] = "/tmp/plumb-plane-XXXXXX";
    layout_.dir = mkdtemp(folder);
  }
  void TearDown() override {
    admin_ = {};
    programs_.clear();
    if (!layout_.dir.empty()) std::filesystem::remove_all(layout_.dir);
  }

  Program& run(const std::string& name, std::vector<std::string> args) {
    args.insert(args.begin(), plumbd());
    return *programs_.emplace_back(std::make_unique<Program>(name, std::move(args), layout_.dir));
  }
  Program& run_apiserver() {
    Program& server = run("apiserver", {"apiserver", "--dir", layout_.dir, "--bind-address", "127.0.0.1", "--secure-port", "0"});
    server_url_ = "https://127.0.0.1:" + server.port();
    admin_ = std::move(*connect(kubeconfig(admin_identity()), "test"));
    return server;
  }
  std::string kubeconfig(const Identity& identity) {
    const Pki pki = *Pki::open(layout_, real_clock());
    const std::string path = layout_.kubeconfig(identity.name);
    EXPECT_TRUE(write_kubeconfig(path, "test", server_url_, pki.ca_pem(), identity.name, *pki.identity(identity)).ok());
    return path;
  }
  Program& run_component(const std::string& role, const std::string& name, std::vector<std::string> flags = {}) {
    std::vector<std::string> args = {role, "--kubeconfig", kubeconfig(component_identity("kube-" + role))};
    if (std::find(flags.begin(), flags.end(), "--secure-port") == flags.end()) args.insert(args.end(), {"--secure-port", "0"});
    args.insert(args.end(), flags.begin(), flags.end());
    return run(name, args);
  }
  void kill_and_forget(Program& program, int signal) {
    ASSERT_TRUE(program.child().signal(signal).ok());
    ASSERT_TRUE(program.child().wait_for(std::chrono::seconds(20)).ok());
    std::erase_if(programs_, [&](const auto& each) { return each.get() == &program; });
  }

  informer::Client& admin() { return *admin_.client; }
  // A node that nobody runs, for pods to be bound to.
  void make_node(const std::string& name) {
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = name;
    for (auto* amounts : {&node->status.capacity, &node->status.allocatable}) {
      amounts->set("cpu", api::QuantityText("64"));
      amounts->set("memory", api::QuantityText("64Gi"));
      amounts->set("pods", api::QuantityText("1000"));
    }
    auto& ready = node->status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    ready.lastHeartbeatTime = api::Time::from(real_clock().wall());
    const auto made = admin().create<corev1::Node>(node);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  void make_deployment(const std::string& name, std::int32_t replicas) {
    auto made = std::make_shared<appsv1::Deployment>();
    made->metadata.namespace_ = "default";
    made->metadata.name = name;
    made->spec.replicas = replicas;
    made->spec.selector.ensure().matchLabels.set("app", api::Str(name));
    made->spec.template_.metadata.labels.set("app", api::Str(name));
    auto& container = made->spec.template_.spec.containers.emplace_back();
    container.name = "main";
    container.image = "example.org/image:1";
    const auto created = admin().create<appsv1::Deployment>(made);
    ASSERT_TRUE(created.ok()) << created.error().message;
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(const std::string& app = {}) {
    informer::ListOptions options;
    if (!app.empty()) options.label_selector = "app=" + app;
    auto result = admin().list(informer::resource_of<T>(), options);
    std::vector<std::shared_ptr<const T>> out;
    if (result.ok())
      for (const auto& item : result->items) out.push_back(api::as<T>(item));
    return out;
  }
  std::size_t bound(const std::string& app) {
    std::size_t count = 0;
    for (const auto& pod : list<corev1::Pod>(app)) count += !pod->spec.nodeName.empty();
    return count;
  }
  std::string holder(const std::string& lease) {
    const auto found = admin().get<coordinationv1::Lease>("kube-system", lease);
    return found.ok() && (*found)->spec.holderIdentity ? (*found)->spec.holderIdentity->str() : "";
  }
  // The program that holds the lease, by what it wrote into its log.
  Program* leader(const std::string& lease) {
    const std::string who = holder(lease);
    for (const auto& each : programs_)
      if (!who.empty() && each->logged(who + " leads " + lease)) return each.get();
    return nullptr;
  }

  Layout layout_;
  std::string server_url_;
  std::vector<ProgramPtr> programs_;
  Connection admin_;
};

}  // namespace plumb::cluster::testing
