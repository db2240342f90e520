module github.com/n2n-overlay/n2n

go 1.26
