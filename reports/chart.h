// Line charts as inline SVG. Colours come from the page's style (--c0 … --c5); every chart has a text for those who cannot see it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace plumb::reports {

struct ChartLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  // ascending x
  int colour = 0;
  bool dashed = false;
  bool filled = false;
};

struct Chart {
  std::string description;
  std::string x_title;
  std::vector<std::pair<double, std::string>> x_marks;  // empty: chosen from the data
  std::function<std::string(double)> x_text, y_text;
  bool logarithmic = false;  // the y axis
  std::vector<ChartLine> lines;
};

// Empty when no line has two points.
std::string to_svg(const Chart& chart);

}  // namespace plumb::reports
