#include "reports/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/text.h"

namespace plumb::reports {
namespace {

constexpr double width = 560, height = 250, left = 62, right = 12, top = 10, bottom = 40;
constexpr int colours = 6;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

double nice_step(double span, int steps) {
  const double raw = span / steps, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (raw <= factor * power * 1.0001) return factor * power;
  }
  return 10 * power;
}

std::vector<double> even_marks(const Range& range, int steps) {
  std::vector<double> marks;
  const double step = nice_step(range.high - range.low, steps);
  for (double at = std::ceil(range.low / step) * step; at <= range.high + step * 1e-6; at += step) marks.push_back(at);
  return marks;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    for (const auto& line : chart.lines) {
      for (const auto& [x, y] : line.points) {
        x_.take(x);
        if (!chart.logarithmic || y > 0) y_.take(y);
      }
    }
    if (chart.logarithmic) {
      y_ = {std::floor(std::log10(y_.low)), std::ceil(std::log10(y_.high) + 1e-9)};
    } else {
      y_.low = std::min(0.0, y_.low);
      y_.high = y_.high <= y_.low ? y_.low + 1 : y_.high;
      const double step = nice_step(y_.high - y_.low, 4);
      y_.high = std::ceil(y_.high / step - 1e-9) * step;
    }
    if (y_.high <= y_.low) y_.high = y_.low + 1;
    if (x_.high <= x_.low) x_.high = x_.low + 1;
  }

  std::string draw() {
    out_ = fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", width, height, escape(chart_.description));
    axes();
    for (const auto& line : chart_.lines) draw_line(line);
    out_ += "</svg>";
    legend();
    return std::move(out_);
  }

 private:
  double px(double x) const { return left + (x - x_.low) / (x_.high - x_.low) * (width - left - right); }
  double py(double y) const {
    const double at = chart_.logarithmic ? (y > 0 ? std::log10(y) : y_.low) : y;
    return height - bottom - (at - y_.low) / (y_.high - y_.low) * (height - top - bottom);
  }

  void axes() {
    std::vector<double> marks;
    if (chart_.logarithmic) {
      for (double power = y_.low; power <= y_.high; ++power) marks.push_back(std::pow(10, power));
    } else {
      marks = even_marks(y_, 4);
    }
    for (const double mark : marks) {
      out_ += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left,
                          width - right, py(mark), py(mark), left - 8, py(mark) + 4, escape(chart_.y_text(mark)));
    }
    auto x_marks = chart_.x_marks;
    if (x_marks.empty()) {
      for (const double mark : even_marks(x_, 6)) x_marks.emplace_back(mark, chart_.x_text(mark));
    }
    for (const auto& [at, text] : x_marks) {
      if (at < x_.low - 1e-9 || at > x_.high + 1e-9) continue;
      out_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", px(at), height - bottom + 18, escape(text));
    }
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", width - right, height - 4, escape(chart_.x_title));
  }

  void draw_line(const ChartLine& line) {
    if (line.points.size() < 2) return;
    std::string points;
    for (const auto& [x, y] : line.points) points += fmt::format("{:.1f},{:.1f} ", px(x), py(y));
    const int colour = line.colour % colours;
    if (line.filled) {
      out_ += fmt::format("<polygon class=\"area\" style=\"fill:var(--c{})\" points=\"{:.1f},{} {}{:.1f},{}\"/>", colour, px(line.points.front().first),
                          height - bottom, points, px(line.points.back().first), height - bottom);
    }
    out_ += fmt::format("<polyline class=\"line{}\" style=\"stroke:var(--c{})\" points=\"{}\"><title>{}</title></polyline>", line.dashed ? " dashed" : "", colour,
                        points, escape(line.name));
  }

  void legend() {
    out_ += "<div class=\"legend\">";
    for (const auto& line : chart_.lines) {
      if (!line.dashed) out_ += fmt::format("<span><i style=\"background:var(--c{})\"></i>{}</span>", line.colour % colours, escape(line.name));
    }
    out_ += "</div>";
  }

  const Chart& chart_;
  Range x_, y_;
  std::string out_;
};

}  // namespace

std::string to_svg(const Chart& chart) {
  const bool drawable = std::any_of(chart.lines.begin(), chart.lines.end(), [](const auto& line) { return line.points.size() >= 2; });
  return drawable ? Drawing(chart).draw() : "";
}

}  // namespace plumb::reports
