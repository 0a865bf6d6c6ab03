#include "reference/api/types/certificatesv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Certificatesigningrequests final : public Plain<certificatesv1::CertificateSigningRequest> {
 public:
  Certificatesigningrequests() : Plain(Names{"certificatesigningrequests", "certificatesigningrequest", {"csr"}, {}, false}) {}
  std::vector<std::string_view> subresources() const override { return {"approval"}; }
};

const Registered<Resource> registered{"certificatesigningrequests.certificates.k8s.io",
                                      [] { return std::make_unique<Certificatesigningrequests>(); }};

}  // namespace
}  // namespace plumb::resources
