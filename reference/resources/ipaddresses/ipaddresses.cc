#include "reference/api/types/networkingv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"ipaddresses.networking.k8s.io",
                                      [] { return std::make_unique<Plain<networkingv1::IPAddress>>(Names{"ipaddresses", "ipaddress", {"ip"}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
