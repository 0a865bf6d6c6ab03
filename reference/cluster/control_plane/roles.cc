// plumbd apiserver, all, controller-manager, metrics-server, scheduler.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/cluster/control_plane/control_plane.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/pki/pki.h"
#include "reference/cluster/role.h"

namespace plumb::cluster {
namespace {

// One line on stdout once it serves, for whoever started it; then until a signal.
int serve_until_signal(const sigset_t& set, const std::string& ready) {
  std::printf("%s\n", ready.c_str());
  std::fflush(stdout);
  int number = 0;
  sigwait(&set, &number);
  return kExitOk;
}

int refuse(const std::string& role, const Error& error) {
  std::fprintf(stderr, "plumbd %s: %s\n", role.c_str(), error.message.c_str());
  return error.code == Code::invalid_argument ? kExitUsage : kExitFailure;
}

class ApiserverRole final : public Role {
 public:
  ApiserverRole(std::string name, std::vector<NamedComponent> components) : name_(std::move(name)), components_(std::move(components)) {}
  std::string summary() const override {
    return components_.empty() ? "serves the API from the embedded store or etcd" : "apiserver, scheduler, controller-manager and metrics-server in one process";
  }
  int run(const std::vector<std::string>& args) override {
    ControlPlaneOptions options;
    std::string token_file;
    int port = options.secure_port;
    const auto ranges = [&options](const std::string& text) -> Status {
      options.services.cluster_ip_ranges.clear();
      for (const std::string_view range : split(text, ',')) options.services.cluster_ip_ranges.emplace_back(trim(range));
      return {};
    };
    Arguments arguments("plumbd " + name_, summary());
    arguments.option("--dir", options.layout.dir, "the cluster's folder: keys and, with the embedded store, data (made when missing)")
        .option("--bind-address", options.bind_address, "address to listen on")
        .option("--secure-port", port, "port to listen on; 0: any free one")
        .option("--certificate-ip", options.certificate_ips, "address by which clients reach the server (may be repeated)")
        .option("--advertise-address", options.services.advertise_address,
                "address at which clients in the cluster reach the server; default: the first --certificate-ip beyond this machine, else the machine's own")
        .taken_option("--service-cluster-ip-range", ranges, "10.96.0.0/16", "range of the addresses of services; a second one of the other family after a comma")
        .option("--service-node-port-range", options.services.node_port_range, "ports of every node that services may have")
        .option("--etcd-servers", options.etcd_servers, "etcd endpoints (may be repeated); default: the embedded store")
        .option("--token-auth-file", token_file, "static tokens: token,user,uid,\"group1,group2\" a line")
        .option("--threads", options.threads, "threads that serve connections");
    options.aggregation.declare(arguments);
    if (!components_.empty()) options.election.declare(arguments, "");
    for (const NamedComponent& each : components_) each.component->declare(arguments);
    if (const auto done = arguments.parse(args)) return *done;
    if (options.layout.dir.empty()) return refuse(name_, fail(Code::invalid_argument, "--dir is missing: name the folder that holds the cluster"));
    if (const Status fine = options.election.check(); !fine.ok()) return refuse(name_, fine.error());
    options.secure_port = static_cast<std::uint16_t>(port);
    options.components = std::move(components_);
    if (!token_file.empty()) {
      auto tokens = read_file(token_file);
      if (!tokens.ok()) return refuse(name_, tokens.error());
      options.static_tokens = std::move(*tokens);
    }
    const sigset_t set = block_end_signals();
    auto control_plane = ControlPlane::start(std::move(options), real_clock());
    if (!control_plane.ok()) return refuse(name_, control_plane.error());
    return serve_until_signal(set, "ready on port " + std::to_string((*control_plane)->port()));
  }

 private:
  std::string name_;
  std::vector<NamedComponent> components_;
};

class ComponentRole final : public Role {
 public:
  ComponentRole(std::string role, std::string component, int port) : role_(std::move(role)), component_{component, Registry<Component>::make(component)}, port_(port) {}
  std::string summary() const override { return component_.component ? component_.component->summary() : "(not in this program)"; }
  int run(const std::vector<std::string>& args) override {
    RemoteOptions options;
    Arguments arguments("plumbd " + role_, summary() + "; ends with exit code " + std::to_string(kExitLostLease) + " when it loses its lease");
    arguments.option("--kubeconfig", options.kubeconfig, "where the API server is and who we are there");
    options.election.declare(arguments, component_.name);
    options.serving.secure_port = port_;
    options.serving.declare(arguments);
    component_.component->declare(arguments);
    if (const auto done = arguments.parse(args)) return *done;
    if (const Status fine = options.election.check(); !fine.ok()) return refuse(role_, fine.error());
    const std::string lease = options.election.options.namespace_ + "/" + options.election.options.name;
    // At once: whoever holds the lease now must not meet writes of this process.
    options.lost_leadership = [role = role_, lease] {
      std::fprintf(stderr, "plumbd %s: lost the lease %s: it could not be renewed in time, and another may lead by now; start this process again\n", role.c_str(), lease.c_str());
      std::_Exit(kExitLostLease);
    };
    options.component = std::move(component_);
    const sigset_t set = block_end_signals();
    auto running = RemoteComponent::start(std::move(options), real_clock());
    if (!running.ok()) return refuse(role_, running.error());
    const auto port = (*running)->port();
    return serve_until_signal(set, port ? "ready on port " + std::to_string(*port) : "ready");
  }

 private:
  std::string role_;
  NamedComponent component_;
  int port_;  // upstream's
};

const Registered<Role> apiserver_role{"apiserver", [] { return std::make_unique<ApiserverRole>("apiserver", std::vector<NamedComponent>{}); }};
const Registered<Role> all_role{"all", [] { return std::make_unique<ApiserverRole>("all", all_components()); }};
const Registered<Role> controller_role{"controller-manager", [] { return std::make_unique<ComponentRole>("controller-manager", "kube-controller-manager", 10257); }};
const Registered<Role> metrics_role{"metrics-server", [] { return std::make_unique<ComponentRole>("metrics-server", "metrics-server", 4443); }};
const Registered<Role> scheduler_role{"scheduler", [] { return std::make_unique<ComponentRole>("scheduler", "kube-scheduler", 10259); }};

}  // namespace
}  // namespace plumb::cluster
