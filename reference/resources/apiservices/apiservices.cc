#include "reference/api/types/apiregistrationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Apiservices final : public Plain<apiregistrationv1::APIService> {
 public:
  Apiservices() : Plain(Names{"apiservices", "apiservice", {}, {}, false}) {}
  std::string storage_prefix() const override { return "apiregistration.k8s.io/apiservices"; }
};

const Registered<Resource> registered{"apiservices.apiregistration.k8s.io", [] { return std::make_unique<Apiservices>(); }};

}  // namespace
}  // namespace plumb::resources
