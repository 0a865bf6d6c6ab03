#include "reference/api/types/authenticationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_tokenreviews{"tokenreviews.authentication.k8s.io",
                                      [] { return std::make_unique<Review<authenticationv1::TokenReview>>(Names{"tokenreviews", "tokenreview", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
