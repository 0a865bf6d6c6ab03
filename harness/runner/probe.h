// A look at what a cluster can do, by pods in a namespace that goes away with it: before any test that needs it is started.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/client/rest.h"
#include "harness/runner/images.h"

namespace plumb::harness {

class Probe {
 public:
  // Makes a namespace "plumb-NAME-…" with the label plumb.io/run=`run`.
  static Result<Probe> start(client::Client& client, const std::string& name, const std::string& run);
  Probe(Probe&& other) noexcept : client_(other.client_), space_(std::move(other.space_)) { other.space_.clear(); }
  ~Probe();

  const std::string& space() const { return space_; }
  Result<client::Json> create(const std::string& plural, const client::Json& object);
  // Creates the pods and waits until `enough` says so of all pods of the namespace, at most timeouts::pod_runs. The pods as they then are.
  using Pods = std::vector<client::Json>;
  Result<Pods> run(const Pods& pods, const std::function<bool(const Pods&)>& enough);

 private:
  Probe(client::Client& client, std::string space) : client_(&client), space_(std::move(space)) {}
  client::Client* client_;
  std::string space_;
};

// The pod that a probe runs on that node: without an account's token, once.
client::Json probe_pod(const std::string& node, const client::Json& metadata, const client::Json& containers);

// Its container, of the first test image.
client::Json probe_container(const Images& images, client::Json args);
// So many pods there are, and all are ready.
bool are_ready(const Probe::Pods& pods, std::size_t count);
// Asks again until it holds, for as long as the network of a healthy cluster may take to follow (timeouts::service_leads).
bool holds_soon(const std::function<bool()>& condition);
// What the pod "client" gets from the test image at that address, the name of the host that it runs on; nullopt without an answer in time.
std::optional<std::string> host_at(client::Client& client, const std::string& space, const std::string& address, int port, int seconds);

}  // namespace plumb::harness
