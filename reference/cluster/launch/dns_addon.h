// The cluster's name server as objects of the cluster: an account, what it may read, a Deployment of the image of `plumbd dns`, and the Service kube-dns at the
// address that kubelets tell pods. Names and labels are kubeadm's where tools look for them.
#pragma once

#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"

namespace plumb::cluster {

// The tenth address of the range of Services, as kubeadm chooses it; `plumb up` leaves the API server's default range.
inline constexpr char kDnsServiceIp[] = "10.96.0.10";
inline constexpr char kClusterDomain[] = "cluster.local";

struct DnsObject {
  const api::TypeInfo* type;
  std::string json;
};
const std::vector<DnsObject>& dns_objects();

// Makes them, and changes what is there and ours to what this release makes. What somebody else has made under these names is left alone. Waits for nothing but
// the API server, and for the namespace kube-system until `deadline`.
Status apply_dns(informer::Client& client, Instant deadline);
// Removes those that are ours.
Status remove_dns(informer::Client& client);

}  // namespace plumb::cluster
