// A look at what a cluster can do, by pods in a namespace that goes away with it: before any test that needs it is started.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/client/rest.h"

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

}  // namespace plumb::harness
