// What a test may need and a cluster may lack:
//   "nodes>=2"                     that many ready nodes that take ordinary pods
//   "image"                        nodes on which the test images run; asks for controllers, too
//   "version>=1.30"                the server's minor version, for behaviour that came with a release
//   "resource:apps/v1/deployments" the API server serves it
//   "services"                     Services lead to pods: one pod gets another's answer through a Service; asks for the image, too
//   "dns"                          pods look names of the cluster up; asks for the image, too
//   "load-balancers"               Services of type LoadBalancer get an address
//   "network-policy"               NetworkPolicies are enforced: a pod goes silent when one allows no ingress to it; asks for the image, too
//   "metrics"                      the resource metrics API (metrics.k8s.io) tells what pods use
//   "controllers"                  a controller manager acts (shown by the default service account of a namespace)
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/client/rest.h"
#include "harness/runner/images.h"

namespace plumb::harness {

// The names of the nodes that are ready and take ordinary pods: not cordoned, without taints that keep pods away.
Result<std::vector<std::string>> usable_nodes(client::Client& client);

class Needs {
 public:
  // `run` labels what a probe makes in the cluster.
  explicit Needs(client::Client& client, Images images = {}, std::string run = {})
      : client_(client), images_(std::move(images)), run_(std::move(run)) {}
  // Why the cluster does not meet one of `needs`, or nullopt when it meets all. Answers are remembered. An error means that it could
  // not be found out, or that the need is not one of the above.
  Result<std::optional<std::string>> missing(const std::vector<std::string>& needs);

 private:
  Result<std::optional<std::string>> check(const std::string& need);
  client::Client& client_;
  const Images images_;
  const std::string run_;
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace plumb::harness
