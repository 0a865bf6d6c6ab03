// The control plane of a cluster in one process: store, API server and, by choice, the components over the in-process transport.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/cluster/layout.h"

namespace plumb::cluster {

struct ControlPlaneOptions {
  Layout layout;
  std::string bind_address = "0.0.0.0";
  std::uint16_t secure_port = 6443;
  std::vector<std::string> certificate_ips = {"127.0.0.1"};  // by which clients reach the server
  std::vector<std::string> etcd_servers;                     // none: the embedded store
  std::string static_tokens;                                 // CSV
  std::vector<std::string> components;                       // by name; run in this process
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
class RemoteComponent {
 public:
  static Result<std::unique_ptr<RemoteComponent>> start(const std::string& name, const std::string& kubeconfig, Clock& clock);
  ~RemoteComponent();

 private:
  struct Parts;
  explicit RemoteComponent(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumb::cluster
