// The control plane of a cluster in one process: store, API server and, by choice, the components over the in-process transport.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/apiserver/services/services.h"
#include "reference/cluster/control_plane/aggregation_flags.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/cluster/control_plane/flags.h"
#include "reference/cluster/control_plane/secure_serving.h"
#include "reference/cluster/layout.h"

namespace plumb::cluster {

struct NamedComponent {
  std::string name;
  std::shared_ptr<Component> component;
};
// Every registered one.
std::vector<NamedComponent> all_components();

struct ControlPlaneOptions {
  Layout layout;
  std::string bind_address = "0.0.0.0";
  std::uint16_t secure_port = 6443;
  std::vector<std::string> certificate_ips = {"127.0.0.1"};  // by which clients reach the server
  // An empty advertise address: the first of the certificate that is none of this machine alone, else the machine's own.
  apiserver::ServiceOptions services;
  AggregationFlags aggregation;
  std::vector<std::string> etcd_servers;                     // none: the embedded store
  std::string static_tokens;                                 // CSV
  std::vector<NamedComponent> components;                    // run in this process
  // Of the components, where the store is etcd: other processes may serve and run the same ones over it. The embedded store belongs to this
  // process alone, so nobody is there to elect against.
  ElectionFlags election;
  int threads = 2;
};

class ControlPlane {
 public:
  // Serves when it returns.
  static Result<std::unique_ptr<ControlPlane>> start(ControlPlaneOptions options, Clock& clock);
  ~ControlPlane();
  std::uint16_t port() const;

 private:
  struct Parts;
  explicit ControlPlane(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// A component in a process of its own, over HTTPS; runs until it is destroyed.
struct RemoteOptions {
  NamedComponent component;
  std::string kubeconfig;
  ElectionFlags election;
  ServingFlags serving;
  std::function<void()> lost_leadership;  // see Runner
};
class RemoteComponent {
 public:
  static Result<std::unique_ptr<RemoteComponent>> start(RemoteOptions options, Clock& clock);
  ~RemoteComponent();
  std::optional<std::uint16_t> port() const;  // of health and metrics, where they are served

 private:
  struct Parts;
  explicit RemoteComponent(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumb::cluster
