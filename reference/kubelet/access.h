// What a request to a kubelet is called when the API server is asked whether it is allowed: a subresource of the Node, as upstream's.
#pragma once

#include <string>

#include "reference/informer/delegated_access.h"

namespace plumb::kubelet {

informer::AccessQuestion access_question(const net::Request& request, const std::string& node);

}  // namespace plumb::kubelet
