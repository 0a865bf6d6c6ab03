#include "reference/api/types/authorizationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_selfsubjectrulesreviews{"selfsubjectrulesreviews.authorization.k8s.io",
                                      [] { return std::make_unique<Review<authorizationv1::SelfSubjectRulesReview>>(Names{"selfsubjectrulesreviews", "selfsubjectrulesreview", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
