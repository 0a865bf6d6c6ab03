#include "reference/api/types/storagev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Csinodes final : public Plain<storagev1::CSINode> {
 public:
  Csinodes() : Plain(Names{"csinodes", "csinode", {}, {}, false}) {}
  bool has_status() const override { return false; }
};

const Registered<Resource> registered{"csinodes.storage.k8s.io", [] { return std::make_unique<Csinodes>(); }};

}  // namespace
}  // namespace plumb::resources
