-- Reserved: the next numbers are counted from here.
SELECT 1;
