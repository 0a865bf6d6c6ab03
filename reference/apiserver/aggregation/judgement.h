// What the cluster says about the server behind an APIService: whether it can be there, and where. No I/O. Reasons and messages are upstream's
// (kube-aggregator's availability controller); as no proxy stands behind addresses of Services, a server is reached at its endpoints.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/net/http.h"
#include "reference/api/types/apiregistrationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"

namespace plumb::apiserver {

// Of type Available.
struct Availability {
  std::string_view status;  // True, False, Unknown
  std::string reason, message;
};

using Slices = std::vector<std::shared_ptr<const discoveryv1::EndpointSlice>>;

struct Judgement {
  std::optional<Availability> settled;   // nothing: the server itself has to be asked
  std::vector<net::Endpoint> endpoints;  // where it is; may be known although something is wrong, and the other way round
};
// `service` is the one that is named, or nullptr; `slices` are that Service's.
Judgement judge(const apiregistrationv1::APIService& wanted, const corev1::Service* service, const Slices& slices);

Availability local_availability();
// After the server was asked: no failure means that it is there.
Availability asked_availability(const std::optional<std::string>& failure);

// "/apis/metrics.k8s.io/v1beta1", "/api/v1": what such a server has to serve.
std::string discovery_path(const apiregistrationv1::APIServiceSpec& spec);

}  // namespace plumb::apiserver
